/** The smallest server there is: whatever comes in goes out again. Plain `ws`, no channels. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocketServer } from "ws";
import { answerPings } from "./websocket.js";

/** Unsent bytes at which the echo stops listening until its peer has read some. */
const HIGH_WATER = 256 * 1024;

/** Makes an echo of an upgrade. Text and binary, fragmented or not; a peer that does not read is not read from. */
export function acceptEcho(
  server: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  server.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on("error", () => {});
    answerPings(webSocket, socket);
    webSocket.on("message", (data, isBinary) => {
      webSocket.send(data, { binary: isBinary }, () => {
        if (webSocket.isPaused && webSocket.bufferedAmount < HIGH_WATER) webSocket.resume();
      });
      if (webSocket.bufferedAmount >= HIGH_WATER) webSocket.pause();
    });
  });
}
