import type { Peer } from "../connection/link.js";
import type { Hooks } from "../connection/node.js";
import { NO_PEER, showsPeer } from "../connection/peer.js";
import type { HttpRequest } from "./http-exchange.js";

/** The peer as hooks see it, where there are any that do. */
export function peerOf(request: Pick<HttpRequest, "headers" | "url" | "socket">, hooks: Hooks): Peer {
  if (!showsPeer(hooks)) return NO_PEER;
  return { headers: request.headers, url: request.url ?? "/", ip: request.socket.remoteAddress ?? "" };
}
