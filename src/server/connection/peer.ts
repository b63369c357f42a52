/** What hooks are shown of a peer, and what is remembered of it: a client's headers are more than all else that it takes. */
import type { Peer } from "./link.js";
import type { Hooks } from "./node.js";

/** What nobody can ask about. */
export const NO_PEER: Peer = { headers: {}, url: "", ip: "" };

/** Whether there is a hook that is shown the peer: its address is asked of the system, which takes its time. */
export function showsPeer({ authenticate, subscriptions, onConnect, onDisconnect }: Hooks): boolean {
  return [authenticate, subscriptions, onConnect, onDisconnect].some((hook) => hook !== undefined);
}

/** The peer as later hooks are to see it. Where there are none that could ask, nothing is kept. */
export function peerToKeep(peer: Peer, hooks: Hooks): Peer {
  return hooks.authenticate === undefined && hooks.onDisconnect === undefined
    ? NO_PEER
    : new PackedPeer(peer);
}

/** Its headers are one text, and read again when somebody asks. */
class PackedPeer implements Peer {
  readonly url: string;
  readonly ip: string;
  readonly #headers: string;

  constructor({ url, ip, headers }: Peer) {
    this.url = url;
    this.ip = ip;
    this.#headers = JSON.stringify(headers);
  }

  get headers(): Peer["headers"] {
    return JSON.parse(this.#headers) as Peer["headers"];
  }
}
