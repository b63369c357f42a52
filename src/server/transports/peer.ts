import type { IncomingMessage } from "node:http";
import type { Peer } from "../connection/link.js";

/** The peer as hooks see it. */
export function peerOf(request: IncomingMessage): Peer {
  return { headers: request.headers, url: request.url ?? "/", ip: request.socket.remoteAddress ?? "" };
}
