/**
 * A load balancer as the simplest ones are: it asks each server now and then whether it is ready, and deals TCP
 * connections out in turn to those that are. Nothing is sticky.
 */
import { once } from "node:events";
import { get } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** How often each server is asked, in milliseconds. */
const CHECK_MS = 500;

export class Balancer {
  readonly #server: Server;
  readonly #targets: number[];
  readonly #ready = new Set<number>();
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  private constructor(targets: readonly number[]) {
    this.#targets = [...targets];
    for (const port of targets) this.#ready.add(port);
    this.#server = createServer((near) => this.#join(near));
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** To these ports of this machine, all of them ready. */
  static async start(targets: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(targets);
    balancer.#server.listen(0, "127.0.0.1");
    await once(balancer.#server, "listening");
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when that server has been found ready. */
  async found(port: number): Promise<void> {
    while (!this.#ready.has(port)) {
      this.#check();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #check(): void {
    for (const port of this.#targets) {
      const answer = (ready: boolean): void => {
        if (ready) this.#ready.add(port);
        else this.#ready.delete(port);
      };
      get({ port, host: "127.0.0.1", path: "/readyz", agent: false, timeout: CHECK_MS * 2 }, (response) => {
        answer(response.statusCode === 200);
        response.resume();
      }).on("error", () => answer(false));
    }
  }

  #join(near: Socket): void {
    const ready = this.#targets.filter((port) => this.#ready.has(port));
    const port = ready[this.#next++ % Math.max(1, ready.length)];
    if (port === undefined) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    near.once("error", () => far.destroy());
    far.once("error", () => near.destroy());
    far.once("connect", () => {
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => {});
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }
}
