/**
 * A slow link without the system's help: a proxy that hands on so many bytes a second of what a server sends. What it has not
 * taken yet waits in the kernel's buffers, which hold megabytes: it is as invisible to the server as it is on a real one.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** How often it hands something on, in milliseconds. */
const TURN_MS = 10;

export class SlowPipe {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** To `port` of this machine. */
  static async open(port: number, bytesPerSecond: number): Promise<SlowPipe> {
    const server = createServer();
    const pipe = new SlowPipe(server);
    server.on("connection", (near) => {
      const far = connect({ port, host: "127.0.0.1" });
      const stop = drip(far, near, bytesPerSecond);
      for (const socket of [near, far]) {
        pipe.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on("error", () => {});
        socket.on("close", () => {
          stop();
          near.destroy();
          far.destroy();
          pipe.#sockets.delete(socket);
        });
      }
      near.pipe(far);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return pipe;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Hands on what comes from `far`, at that pace; returns how to stop. */
function drip(far: Socket, near: Socket, bytesPerSecond: number): () => void {
  let allowed = 0;
  let before = performance.now();
  // Somebody has to want it, or nothing is read.
  far.on("readable", () => {});
  const timer = setInterval(() => {
    const now = performance.now();
    allowed = Math.min(allowed + ((now - before) / 1000) * bytesPerSecond, bytesPerSecond / 10);
    before = now;
    const size = Math.min(Math.floor(allowed), far.readableLength);
    const chunk = size === 0 ? null : (far.read(size) as Buffer | null);
    if (chunk === null) return;
    allowed -= chunk.length;
    near.write(chunk);
  }, TURN_MS);
  return () => clearInterval(timer);
}
