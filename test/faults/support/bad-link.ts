import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** The way of one client to its servers, which can be cut, held up, and lead to another server. */
export class BadLink {
  target: number;
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  #isHeld = false;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((near) => this.#join(near));
  }

  /** @param target a port on this machine */
  static async start(target: number): Promise<BadLink> {
    const link = new BadLink(target);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    onTestFinished(() => {
      link.#server.close();
      link.cut();
    });
    return link;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/connect`;
  }

  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** What the server says does not come through; it notices as its buffers fill. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    for (const { far } of this.#pairs) {
      if (isHeld) far.pause();
      else far.resume();
    }
  }

  #join(near: Socket): void {
    const far = connect(this.target, "127.0.0.1");
    const pair = { near, far };
    this.#pairs.add(pair);
    near.on("data", (data) => void far.write(data));
    far.on("data", (data) => void near.write(data));
    if (this.#isHeld) far.pause();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }
}
