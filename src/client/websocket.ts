import type { Transport, TransportEvents } from "./transport.js";

/** What is needed of a WebSocket: browsers', Node's and that of the package `ws` all have it. */
export interface SocketLike {
  binaryType: string;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "error", listener: (event: object) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/** A transport over one WebSocket. */
export function webSocketTransport(socket: SocketLike, events: TransportEvents): Transport {
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => events.open());
  socket.addEventListener("message", ({ data }) =>
    events.frame(data instanceof ArrayBuffer ? new Uint8Array(data) : String(data)),
  );
  let cause: unknown;
  // A close event follows. Browsers say no more than that; others why: a certificate, a refused port, a status.
  socket.addEventListener("error", (event: { readonly error?: unknown; readonly message?: unknown }) => {
    cause = event.error ?? event.message;
  });
  socket.addEventListener("close", ({ code, reason }) => events.close(code, reason, cause));
  return {
    // One that is closing or closed drops it.
    send: (frame) => socket.send(frame as string | Uint8Array<ArrayBuffer>),
    close: (goodbye) => socket.close(goodbye ? 1000 : undefined),
  };
}
