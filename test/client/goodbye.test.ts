/** A client that was closed says so; one that means to come back does not. */
import { expect, it } from "vitest";
import { webSocketTransport, type SocketLike } from "../../src/client/websocket.js";

function socketThatNotes(closes: unknown[][]): SocketLike {
  return {
    binaryType: "",
    addEventListener() {},
    send() {},
    close: (...args) => void closes.push(args),
  };
}

const events = { open() {}, frame() {}, over() {}, idle() {}, better() {}, close() {} };

it("M4: closing a client closes its WebSocket with 1000, dropping a connection says nothing", () => {
  const closes: unknown[][] = [];
  const transport = webSocketTransport(socketThatNotes(closes), events);
  transport.close(true);
  transport.close();
  transport.close(false);
  expect(closes).toEqual([[1000], [undefined], [undefined]]);
});
