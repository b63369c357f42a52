/** What hooks are shown of a peer, and what is remembered of it: a client's headers take more memory than all else of it. */
import type { Peer } from "./link.js";
import type { Hooks } from "./node.js";

const NO_HEADERS: Peer["headers"] = {};

/** A peer that no hook can ask about: limits go by its address, which they look up when they need it. */
export class BarePeer implements Peer {
  readonly #from: { readonly remoteAddress?: string | undefined };

  constructor(from: { readonly remoteAddress?: string | undefined }) {
    this.#from = from;
  }

  get headers(): Peer["headers"] {
    return NO_HEADERS;
  }

  get url(): string {
    return "";
  }

  get ip(): string {
    return this.#from.remoteAddress ?? "";
  }
}

/** What limits by address go by. One who has an IPv6 network, as homes do, has all of its addresses: the first half counts. */
export function addressOf({ ip, shared = false }: Peer): string | undefined {
  if (ip === "" || shared) return undefined;
  if (!ip.includes(":")) return ip;
  const mapped = /^::ffff:([\d.]+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = ip.split("%", 1)[0]?.toLowerCase().split("::") ?? [];
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? 0 : tail.split(":").length;
    while (groups.length < 8 - after) groups.push("0");
    if (tail !== "") groups.push(...tail.split(":"));
  }
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/** Whether there is a hook that is shown the peer: only then is the system asked for the address, which takes its time. */
export function showsPeer({ authenticate, subscriptions, onConnect, onDisconnect }: Hooks): boolean {
  return [authenticate, subscriptions, onConnect, onDisconnect].some((hook) => hook !== undefined);
}

/** The peer as later hooks are to see it. Where no hook could ask, no more of the peer is kept than its address. */
export function peerToKeep(peer: Peer, hooks: Hooks): Peer {
  if (hooks.authenticate !== undefined || hooks.onDisconnect !== undefined) return new PackedPeer(peer);
  // To ask the system for the address costs as much as a tenth of accepting a connection.
  if (peer instanceof BarePeer) return peer;
  const { ip, shared = false } = peer;
  return { headers: NO_HEADERS, url: "", ip, shared };
}

/** A peer whose headers are kept as one text, and read again when somebody asks. */
class PackedPeer implements Peer {
  readonly url: string;
  readonly ip: string;
  readonly shared: boolean;
  readonly #headers: string;

  constructor({ url, ip, shared = false, headers }: Peer) {
    this.url = url;
    this.ip = ip;
    this.shared = shared;
    this.#headers = JSON.stringify(headers);
  }

  get headers(): Peer["headers"] {
    return JSON.parse(this.#headers) as Peer["headers"];
  }
}
