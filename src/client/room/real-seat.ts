import type { ClientHost } from "../host.js";

const KEY = "tidemark.seat";
/** What a secret is, as the server has it. */
const FORM = /^[\w-]{16,64}$/;

/** Those of clients. */
const secrets = new WeakMap<ClientHost, string>();

/**
 * The secret by which the server knows whose a seat is: in a page its tab's, which is kept over reloads; elsewhere, and in a page
 * that has no storage, the client's.
 */
export function seatSecret(host: ClientHost): string {
  let secret = secrets.get(host) ?? "";
  try {
    // Some runtimes without pages have one storage for all that runs in them: there it is no tab's.
    const tab = "document" in globalThis ? sessionStorage : undefined;
    secret ||= tab?.getItem(KEY) ?? "";
    if (!FORM.test(secret)) secret = host.random.id();
    tab?.setItem(KEY, secret);
  } catch {
    // None, or a full one.
    secret ||= host.random.id();
  }
  secrets.set(host, secret);
  return secret;
}
