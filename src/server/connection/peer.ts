/** What is remembered of a peer once its connection is open: a client's headers are more than all else that it takes. */
import type { Peer } from "./link.js";
import type { Hooks } from "./node.js";

/** What nobody can ask about any more. */
const FORGOTTEN: Peer = { headers: {}, url: "", ip: "" };

/** The peer as later hooks are to see it. Where there are none that could ask, nothing is kept. */
export function peerToKeep(peer: Peer, hooks: Hooks): Peer {
  return hooks.authenticate === undefined && hooks.onDisconnect === undefined
    ? FORGOTTEN
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
