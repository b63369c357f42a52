/** Serves folders of built pages: a few dozen lines, because these examples need no more than that. */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Pages run only what they brought along; a slip that lets a user's text in as HTML stays without effect. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; object-src 'none'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
};

/** Where a folder appears: `{ "/": "build/pages/landing", "/chat/": "build/pages/chat" }`. The longest prefix wins. */
export type Mounts = Readonly<Record<string, string>>;

interface Found {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

/**
 * A request handler for `http.createServer`. It answers every request: with a file, a redirect, or an error.
 *
 * @example http.createServer(serveStatic({ "/": "build/pages/landing" }))
 */
export function serveStatic(
  mounts: Mounts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);

  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return answer(response, 405, "only GET and HEAD here");
    }
    const path = pathOf(request.url ?? "/");
    if (path === undefined) return answer(response, 400, "no such address can exist");
    if (prefixes.includes(`${path}/`)) return redirect(response, `${path}/`);
    const prefix = prefixes.find((each) => path.startsWith(each));
    const folder = prefix === undefined ? undefined : mounts[prefix];
    if (prefix === undefined || folder === undefined) return answer(response, 404, "not found");

    const found = await find(folder, path.slice(prefix.length));
    if (found === undefined) return answer(response, 404, "not found");
    await send(request, response, found);
  };
}

/** The decoded path of a request, without `.` and `..`; undefined if it is malformed. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.replace(/[?#].*$/su, ""));
    const segments = path.split("/");
    const strange = path.includes("\0") || path.includes("\\") || !path.startsWith("/");
    return strange || segments.includes("..") || segments.includes(".") ? undefined : path;
  } catch {
    return undefined;
  }
}

/** A file below the folder, symbolic links resolved; undefined if there is none or it is elsewhere. */
async function find(folder: string, path: string): Promise<Found | undefined> {
  try {
    const root = await realpath(resolve(folder));
    const wanted = path === "" || path.endsWith("/") ? `${path}index.html` : path;
    const real = await realpath(join(root, wanted));
    if (!real.startsWith(root + sep)) return undefined;
    const info = await stat(real);
    return info.isFile() ? { path: real, size: info.size, modified: info.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

async function send(request: IncomingMessage, response: ServerResponse, file: Found): Promise<void> {
  const tag = `"${file.size.toString(36)}-${Math.floor(file.modified).toString(36)}"`;
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  // Always ask, seldom load: after a new build nobody looks at an old page.
  response.setHeader("cache-control", "no-cache");
  response.setHeader("etag", tag);
  if (isFresh(request.headers["if-none-match"], tag)) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader("content-type", TYPES[extname(file.path)] ?? "application/octet-stream");
  response.setHeader("content-length", file.size);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  try {
    await pipeline(createReadStream(file.path), response);
  } catch {
    // The reader went away, or the file did: the connection ends, and that is all there is to say.
    response.destroy();
  }
}

function isFresh(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((each) => each.trim().replace(/^W\//u, "")) ?? [];
  return tags.includes(tag) || tags.includes("*");
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(308, { location: encodeURI(to) });
  response.end();
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`${text}\n`);
}
