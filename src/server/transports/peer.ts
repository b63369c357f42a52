import type { Peer } from "../connection/link.js";
import type { HttpRequest } from "./http-exchange.js";

/** The peer as hooks see it. */
export function peerOf(request: Pick<HttpRequest, "headers" | "url" | "socket">): Peer {
  return { headers: request.headers, url: request.url ?? "/", ip: request.socket.remoteAddress ?? "" };
}
