/** TCP from one port to several, connection by connection in turn, that cuts each after so many bytes towards its client. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export class CuttingNetwork {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #targets: readonly number[];
  readonly #budget: () => number;
  #next = 0;
  /** How many connections were cut. */
  cuts = 0;

  private constructor(targets: readonly number[], budget: () => number) {
    this.#targets = targets;
    this.#budget = budget;
    this.#server = createServer((near) => this.#join(near));
  }

  /** @param budget asked for each connection: how many bytes it may bring */
  static async to(targets: readonly number[], budget: () => number): Promise<CuttingNetwork> {
    const network = new CuttingNetwork(targets, budget);
    network.#server.listen(0, "127.0.0.1");
    await once(network.#server, "listening");
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket): void {
    const far = connect(this.#targets[this.#next++ % this.#targets.length] ?? 0, "127.0.0.1");
    let left = this.#budget();
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    near.pipe(far);
    far.on("data", (data: Buffer) => {
      if (left <= 0) return;
      const part = data.subarray(0, left);
      left -= part.length;
      if (left > 0) {
        if (!near.write(part)) far.pause();
        return;
      }
      this.cuts++;
      near.write(part, end);
    });
    near.on("drain", () => far.resume());
  }
}
