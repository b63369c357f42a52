import type { Peer } from "../connection/link.js";
import type { Hooks } from "../connection/node.js";
import { BarePeer, showsPeer } from "../connection/peer.js";
import type { Addresses } from "./addresses.js";
import type { HttpRequest } from "./http/exchange.js";

type Asked = Pick<HttpRequest, "headers" | "url" | "socket">;

/** The peer as hooks see it, where there are hooks that do. */
export function peerOf(request: Asked, hooks: Hooks, addresses: Addresses): Peer {
  const { headers, url = "/", socket } = request;
  const shown = showsPeer(hooks);
  if (!shown && addresses.isDirect(request)) return new BarePeer(socket);
  return { headers: shown ? headers : {}, url, ...addresses.of(request) };
}
