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
  /** What is held back on its way to Redis: undefined when nothing is. */
  #held: (() => void)[] | undefined;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (this.#blocked) return void near.destroy();
      const far = connect(target, "127.0.0.1");
      const number = ++this.#connections;
      const passes = (): boolean => number > this.#frozen;
      near.on("data", (chunk) => {
        const pass = (): void => void (passes() && far.write(chunk));
        if (this.#held === undefined) pass();
        else this.#held.push(pass);
      });
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

  /** What is sent to Redis from now on arrives when it is released, over the same connections. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) pass();
  }

  /** How many pieces are held back. */
  get held(): number {
    return this.#held?.length ?? 0;
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
