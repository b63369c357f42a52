/**
 * As much of the package as is used here: 260 MB that are installed for benchmarks only, and everything else must
 * compile without it.
 */
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
