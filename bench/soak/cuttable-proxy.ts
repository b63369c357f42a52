/**
 * A TCP proxy whose connections can be cut: both ends at once, whatever is on its way is lost. To client and
 * server it is as if the network had gone.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One connection through the proxy. */
export interface ProxiedConnection {
  /** Ends it without a word to either side. Does nothing the second time. */
  cut(): void;
}

export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** A proxy to `port` of this machine. `onConnection` is told of every connection that is made through it. */
  static async start(
    port: number,
    onConnection: (connection: ProxiedConnection) => void,
  ): Promise<CuttableProxy> {
    const server = createServer();
    const proxy = new CuttableProxy(server);
    server.on("connection", (near) => {
      const far = connect({ port, host: "127.0.0.1" });
      const cut = (): void => {
        near.destroy();
        far.destroy();
      };
      for (const socket of [near, far]) {
        proxy.#sockets.add(socket);
        socket.setNoDelay(true);
        // What goes wrong on one side ends both, as a cable does.
        socket.on("error", cut);
        socket.on("close", () => {
          proxy.#sockets.delete(socket);
          cut();
        });
      }
      near.pipe(far);
      far.pipe(near);
      onConnection({ cut });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
