import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Stands between a broker and its Redis, and does to their connections what networks do. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Whether what Redis answers is thrown away. */
  loseAnswers = false;
  #blocked = false;
  #connections = 0;
  #frozen = 0;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (this.#blocked) return void near.destroy();
      const far = connect(target, "127.0.0.1");
      const number = ++this.#connections;
      const passes = (): boolean => number > this.#frozen;
      near.on("data", (chunk) => passes() && far.write(chunk));
      far.on("data", (chunk) => passes() && !this.loseAnswers && near.write(chunk));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts all connections, and lets no others through until it is unblocked. */
  block(isBlocked: boolean): void {
    this.#blocked = isBlocked;
    if (isBlocked) this.cut();
  }

  /** Nothing passes any more over the connections there are, as if the other end had vanished. New ones work. */
  freeze(): void {
    this.#frozen = this.#connections;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.block(true);
    await closed;
  }
}
