/** Whose request it is, by address: the peer's own, or what proxies say that the application trusts. */
import { BlockList, isIP } from "node:net";
import type { Logger } from "../logger.js";

/** Which proxies are believed; see `trustedProxies` of the options. */
export type TrustedProxies = string | readonly string[];

/** The networks that names of options stand for. */
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
  ],
};

interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

export interface Located {
  readonly ip: string;
  /** Whether the address is a proxy's, for all who come through that. */
  readonly shared: boolean;
}

export class Addresses {
  readonly #trusted: BlockList | undefined;
  readonly #near = listOf(["loopback", "private"]);
  readonly #log: Logger;
  #warned = false;

  /** @throws {TypeError} when a proxy is neither an address nor a network */
  constructor(trusted: TrustedProxies | undefined, log: Logger) {
    this.#trusted = trustedBy(trusted);
    this.#log = log;
  }

  /** Whether nothing but the socket says where a request comes from: then the socket may be asked when somebody wants to know. */
  isDirect({ headers }: Asked): boolean {
    return this.#trusted === undefined && headers["x-forwarded-for"] === undefined;
  }

  of({ headers, socket }: Asked): Located {
    const peer = plain(socket.remoteAddress ?? "");
    const said = headers["x-forwarded-for"];
    const forwarded = typeof said === "object" ? said.join(",") : said;
    if (this.#trusted === undefined) {
      if (forwarded === undefined || !contains(this.#near, peer)) return { ip: peer, shared: false };
      this.#warn(peer);
      return { ip: peer, shared: true };
    }
    if (!contains(this.#trusted, peer)) return { ip: peer, shared: false };
    return this.#behind(peer, forwarded ?? "");
  }

  /** The last address that a trusted proxy has seen and that is no trusted proxy's itself. Reads no further than that. */
  #behind(proxy: string, forwarded: string): Located {
    let ip = proxy;
    for (let end = forwarded.length; end > 0;) {
      const start = forwarded.lastIndexOf(",", end - 1) + 1;
      const hop = plain(forwarded.slice(start, end).trim());
      if (isIP(hop) === 0) break;
      ip = hop;
      if (!contains(this.#trusted, ip)) return { ip, shared: false };
      end = start - 1;
    }
    return { ip, shared: true };
  }

  #warn(proxy: string): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      { proxy },
      "requests come through a proxy that is not named, so that limits by address are not applied to them; " +
        `where it is yours: tidemark({ trustedProxies: [${JSON.stringify(proxy)}] })`,
    );
  }
}

/** @throws {TypeError} when a proxy is neither an address nor a network */
export function trustedBy(trusted: TrustedProxies | undefined): BlockList | undefined {
  const names = typeof trusted === "string" ? [trusted] : (trusted ?? []);
  return names.length === 0 ? undefined : listOf(names);
}

/** An address without a port, brackets, a zone, or the form that IPv4 has within IPv6. Anything else stays as it is. */
function plain(address: string): string {
  const bare = /^\[([^\]]*)\](:\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  const zone = bare.indexOf("%");
  const text = zone < 0 ? bare : bare.slice(0, zone);
  return /^::ffff:([\d.]+)$/i.exec(text)?.[1] ?? text;
}

function contains(list: BlockList | undefined, address: string): boolean {
  const family = isIP(address);
  return list !== undefined && family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

function listOf(names: readonly string[]): BlockList {
  const list = new BlockList();
  for (const name of names.flatMap((one) => NETWORKS[one] ?? [one])) {
    const [address = "", bits] = name.split("/");
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
    if (family === 0 || prefix > most)
      throw new TypeError(
        `trustedProxies takes addresses, networks such as 10.0.0.0/8, "loopback" and "private", not ${JSON.stringify(name)}`,
      );
    list.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}
