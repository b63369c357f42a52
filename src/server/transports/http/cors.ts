/** Which pages may use the HTTP transports, and how browsers are told. The rules are those of WebSocket. */
import type { HttpRequest } from "./exchange.js";
import { refusedOrigin, type Origins } from "../origin.js";

/** How long a browser may remember a permission, in seconds. */
const REMEMBERED = 600;

/**
 * The origin that must be refused; `undefined` when the request may be served. A page of another site can also make
 * requests that carry no Origin, such as those of an image: browsers mark those in another way.
 */
export function refusedPage(request: HttpRequest, origins: Origins): string | undefined {
  if (request.headers.origin !== undefined) return refusedOrigin(request, origins);
  const site = request.headers["sec-fetch-site"];
  return origins !== "*" && (site === "cross-site" || site === "same-site") ? "another site" : undefined;
}

/** What lets an allowed page of another origin read the answer. No credentials: such pages send a token. */
export function corsHeaders(request: HttpRequest, origins: Origins): Record<string, string> {
  const { origin } = request.headers;
  if (origins === "*") return { "access-control-allow-origin": "*" };
  if (origin === undefined || !origins.includes(origin)) return { vary: "origin" };
  return { vary: "origin", "access-control-allow-origin": origin };
}

/** What an allowed page is told when its browser asks first. */
export function preflightHeaders(
  request: HttpRequest,
  origins: Origins,
  method: string,
): Record<string, string> {
  return {
    ...corsHeaders(request, origins),
    "access-control-allow-methods": method,
    "access-control-allow-headers": "content-type",
    "access-control-max-age": String(REMEMBERED),
  };
}
