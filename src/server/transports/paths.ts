/** Paths of our own: as the app was told them, and as requests say them. */

/** A path that browsers and Node send as it is. */
const PATH = /^\/(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;

export interface Paths {
  readonly path: string;
  readonly echo: string | false;
}

/**
 * Paths with defaults filled in.
 *
 * @throws {TypeError} when no request could ever ask for one of them
 */
export function readPaths(options: {
  readonly path?: string | undefined;
  readonly echo?: string | false | undefined;
}): Paths {
  const path = readPath("path", options.path ?? "/connect");
  const echo = options.echo === false ? false : readPath("echo", options.echo ?? "/echo");
  if (path === echo) throw new TypeError(`path and echo must differ, and both are ${JSON.stringify(path)}`);
  return { path, echo };
}

/**
 * A path for the app, without a slash at its end; that of the root is empty.
 *
 * @param name of the option
 * @throws {TypeError} when no request could ever ask for it
 */
export function readPath(name: string, path: unknown): string {
  const shown = typeof path === "string" ? JSON.stringify(path) : typeof path;
  if (typeof path !== "string" || !path.startsWith("/"))
    throw new TypeError(`${name} must be a path that begins with /, such as "/connect", not ${shown}`);
  if (!PATH.test(path)) {
    throw new TypeError(
      `${name} must be a path as requests have it, without query, fragment or spaces, and URI-encoded, not ${shown}`,
    );
  }
  const plain = plainPath(path);
  // Browsers resolve such segments before they ask.
  if (plain.split("/").some((segment) => segment === "." || segment === ".."))
    throw new TypeError(`${name} must have no . or .. in it: ${shown}`);
  return plain === "/" ? "" : plain;
}

/** The path of a request: without its query, and with neither two slashes in a row nor one at the end. */
export function pathOf({ url = "/" }: { readonly url?: string | undefined }): string {
  const query = url.indexOf("?");
  return plainPath(query < 0 ? url : url.slice(0, query));
}

function plainPath(path: string): string {
  const single = path.includes("//") ? path.replaceAll(/\/{2,}/g, "/") : path;
  return single.length > 1 && single.endsWith("/") ? single.slice(0, -1) : single;
}
