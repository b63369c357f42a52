import { hostOf, type HttpRequest } from "./http/exchange.js";

/** Which pages may connect: `"*"` for all, or origins such as `https://example.com`. Same origin always may. */
export type Origins = "*" | readonly string[];

/**
 * The origin that must be refused, or `undefined` when the request may connect. Requests without an Origin
 * header do not come from a page.
 */
export function refusedOrigin(request: Pick<HttpRequest, "headers">, origins: Origins): string | undefined {
  const { origin } = request.headers;
  const host = hostOf(request);
  if (origin === undefined || origins === "*" || origins.includes(origin)) return undefined;
  return host !== undefined && hostOfOrigin(origin) === host.toLowerCase() ? undefined : origin;
}

/** The host and port of an origin, as a Host header writes them; `undefined` for `null` and other opaque ones. */
function hostOfOrigin(origin: string): string | undefined {
  try {
    const { host } = new URL(origin);
    return host === "" ? undefined : host;
  } catch {
    return undefined;
  }
}
