import type { ClientHost } from "../host.js";

const KEY = "tidemark.seat";
/** What a secret is, as the server has it. */
export const SECRET = /^[\w-]{16,64}$/;

/** Those of clients that are in no page. */
const secrets = new WeakMap<ClientHost, string>();

/**
 * The secret by which the server knows whose a seat is: in a page its tab's, which is kept over reloads; elsewhere, and in a page
 * that has no storage, the client's.
 */
export function seatSecret(host: ClientHost): string {
  const stored = secrets.get(host) ?? tab()?.getItem(KEY) ?? "";
  if (SECRET.test(stored)) return stored;
  const secret = host.random.id();
  secrets.set(host, secret);
  try {
    tab()?.setItem(KEY, secret);
  } catch {
    // A full one keeps nothing: the client has it.
  }
  return secret;
}

/** Some runtimes without pages have one storage for all that runs in them: there it is no tab's. */
function tab(): Storage | undefined {
  try {
    return "document" in globalThis ? sessionStorage : undefined;
  } catch {
    return undefined;
  }
}
