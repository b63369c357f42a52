import type { Peer } from "../connection/link.js";

/**
 * The cookies that a request came with, by name. Values are URI-decoded where they can be.
 *
 * A page's WebSocket carries the cookies of its own origin; pages of other origins are refused unless `origins` allows
 * them, and then their requests may carry cookies, too.
 *
 * @example authenticate: ({ request }) => sessions.get(cookies(request)["sid"] ?? "")
 */
export function cookies({ headers }: Pick<Peer, "headers">): Readonly<Partial<Record<string, string>>> {
  // Without a prototype: a cookie may have any name.
  const found = Object.create(null) as Partial<Record<string, string>>;
  const { cookie } = headers;
  for (const part of (Array.isArray(cookie) ? cookie.join(";") : (cookie ?? "")).split(";")) {
    const at = part.indexOf("=");
    if (at < 0) continue;
    // Of cookies of one name, browsers send the one with the longest path first.
    found[part.slice(0, at).trim()] ??= decode(
      part
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1"),
    );
  }
  return found;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
