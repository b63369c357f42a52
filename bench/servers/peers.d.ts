/**
 * As much of the servers that we compare with as we use: they are installed for benchmarks only, and everything
 * else must compile without them.
 */
declare module "socket.io" {
  import type { Server as HttpServer } from "node:http";

  interface Socket {
    on(event: "sub", listener: (channels: string[], done: () => void) => void): void;
    on(event: "pub", listener: (channel: string, data: unknown) => void): void;
    on(event: "echo", listener: (data: unknown, done: (data: unknown) => void) => void): void;
    join(room: string[]): void;
  }
  class Server {
    constructor(server: HttpServer, options: { transports: string[]; serveClient: boolean });
    on(event: "connection", listener: (socket: Socket) => void): void;
    to(room: string): { emit(event: string, data: unknown): void };
  }
}

declare module "uwebsockets" {
  interface WebSocket {
    subscribe(topic: string): void;
    send(message: string | ArrayBuffer, isBinary: boolean): number;
  }
  interface App {
    ws(
      pattern: string,
      behavior: {
        idleTimeout: number;
        maxBackpressure: number;
        open(socket: WebSocket): void;
        message(socket: WebSocket, message: ArrayBuffer, isBinary: boolean): void;
      },
    ): App;
    listen(host: string, port: number, done: (socket: unknown) => void): App;
    publish(topic: string, message: string | Uint8Array, isBinary: boolean): boolean;
  }
  const uWS: { App(): App; us_socket_local_port(socket: unknown): number };
  export default uWS;
}
