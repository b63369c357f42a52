/**
 * The request with which a WebSocket begins, as nearly all of them come: whole, in ASCII, each header once. Such a
 * request is read as Node's parser would read it; everything else is left to that parser.
 */
import type { IncomingHttpHeaders } from "node:http";

/** What a handshake uses of a request. Node's requests have it, too. */
export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
  /** Missing where that is 1.1. */
  readonly httpVersion?: string | undefined;
  /** Names and values of headers in turn, as they came; missing where each came once. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/** A request and what came after it. */
export interface PlainUpgrade {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly head: Buffer;
}

/** The largest request that is read here, in bytes, with what came after it. */
const LARGEST = 8192;
/** Characters that need no second look in a path, lines of a token and printable ASCII, and the empty line. */
const REQUEST =
  /^GET (\/[\w\-.~!$&'()*+,;=:@%/?]*) HTTP\/1\.1\r\n((?:[!#$%&'*+\-.^`|~\w]+:[\t -~]*\r\n)+)\r\n/;
/** Headers that Node keeps as a list, that announce a body, or that no plain object can have. */
const UNUSUAL: ReadonlySet<string> = new Set([
  "set-cookie",
  "content-length",
  "transfer-encoding",
  "expect",
  "__proto__",
]);
const UPGRADES = /(?:^|,)[\t ]*upgrade[\t ]*(?:,|$)/i;

/** The request in these bytes; `undefined` for everything that is not plain, or no upgrade to WebSocket. */
export function readPlainUpgrade(bytes: Buffer): PlainUpgrade | undefined {
  if (bytes.length > LARGEST) return undefined;
  const found = REQUEST.exec(bytes.toString("latin1"));
  const url = found?.[1];
  const lines = found?.[2];
  if (url === undefined || lines === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(":", at);
    const end = lines.indexOf("\r\n", colon);
    const name = lines.slice(at, colon).toLowerCase();
    if (Object.hasOwn(headers, name) || UNUSUAL.has(name)) return undefined;
    headers[name] = lines.slice(colon + 1, end).trim();
    at = end + 2;
  }
  if (headers["upgrade"]?.toLowerCase() !== "websocket" || headers["host"] === undefined) return undefined;
  if (!UPGRADES.test(headers["connection"] ?? "")) return undefined;
  return { url, headers, head: bytes.subarray(found?.[0].length) };
}
