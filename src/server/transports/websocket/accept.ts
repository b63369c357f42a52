/** From a request to upgrade to a WebSocket with a connection behind it, or to one that is closed with a reason. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { CloseName } from "../../../protocol/index.js";
import { NOBODY, type Receiver } from "../../connection/receiver.js";
import { shakeHands } from "./handshake.js";
import { WebSocketLink } from "./link.js";
import type { UpgradeRequest } from "./plain-upgrade.js";
import type { SocketOptions } from "./socket-options.js";
import type { SocketReader } from "./socket-reader.js";

const LINK = Symbol("link");
/** A socket that knows its link, so that the listeners below serve all of them. */
interface LinkedSocket extends Duplex {
  [LINK]?: WebSocketLink;
}

/**
 * Takes a socket over from the HTTP server and makes a connection of it. Where the handshake is none, the peer is told why.
 *
 * @param head bytes that came behind the request
 * @param connect makes the connection over the link
 * @throws what `connect` throws; then the socket is destroyed
 */
export function acceptWebSocket(
  request: UpgradeRequest,
  socket: LinkedSocket,
  head: Buffer,
  options: SocketOptions,
  connect: (link: WebSocketLink) => Receiver,
): void {
  const shaken = shakeHands(request, socket, options.deflate !== undefined);
  if (shaken === undefined) return;
  if (socket instanceof Socket) socket.setTimeout(0).setNoDelay(true);
  const link = new WebSocketLink(socket, shaken.deflates ? options : { ...options, deflate: undefined });
  socket[LINK] = link;
  link.send(shaken.answer);
  try {
    link.open(connect(link));
  } catch (error) {
    link.terminate();
    throw error;
  }
  socket.on("end", onEnd).on("close", onClose);
  if (head.length > 0) link.take(head);
}

/** @throws {Error} for a socket that was taken over before */
export function mustBeNew(socket: LinkedSocket): void {
  if (socket[LINK] !== undefined)
    throw new Error("this upgrade was handled already: call handleUpgrade once");
}

/** Closes a socket with a code that says why, right after the handshake: a page cannot see why a handshake failed. */
export function refuseWebSocket(
  request: UpgradeRequest,
  socket: Duplex,
  head: Buffer,
  name: CloseName,
  reason: string,
  reader?: SocketReader,
): void {
  acceptWebSocket(request, socket, head, { most: 1, direct: false, reader }, (link) => {
    link.close(name, reason);
    return NOBODY;
  });
}

function onEnd(this: LinkedSocket): void {
  this[LINK]?.halfClosed();
}

function onClose(this: LinkedSocket): void {
  this[LINK]?.gone();
}
