/** Who is on a connection: what the app says when it is asked, and for how long that is good. */
import { hash } from "node:crypto";
import { TidemarkError } from "../errors.js";
import { textOf } from "../guard.js";
import type { Caller, Identity } from "./caller.js";

export async function authenticated({ node, peer }: Caller, token: string | undefined): Promise<unknown> {
  const user = node.hooks.authenticate?.({ token, request: peer });
  return (await node.slowHooks.watch(user, "authenticate")) ?? null;
}

export function mustNotBeOver({ node }: Caller, { expires }: Identity): void {
  if (expires <= node.clock.now()) throw new TidemarkError("token_expired", "the token has expired");
}

/** How long the user may stay, as a field of an answer; nothing where that is not limited. */
export function lifeOf({ node }: Caller, { expires }: Identity, before = ""): string {
  return expires === Infinity
    ? ""
    : `${before}"expires":${Math.max(0, Math.ceil(expires - node.clock.now()))}`;
}

/** What a client is told when a hook has thrown. Anything means no; only what is said with a TidemarkError is said on. */
export function refusalOf({ node, client }: Caller, thrown: unknown): TidemarkError {
  if (thrown instanceof TidemarkError) return thrown;
  node.log.warn({ client, reason: reasonOf(thrown) }, "authenticate or onConnect refused");
  return new TidemarkError("unauthorized", "the token was refused", { cause: thrown });
}

/** The reason for a refusal in one line, without the stack of what hooks throw as a matter of course. */
function reasonOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return textOf(thrown);
  }
}

/** @throws {TidemarkError} `token_expired` */
export function identify(connection: Caller, user: unknown, publisher: string | undefined): Identity {
  const userId = idOf(user);
  // The scope is one JSON text, so that no choice of ids makes two users' scopes meet.
  const scope = JSON.stringify(publisher === undefined ? [connection.client] : [userId ?? null, publisher]);
  const sender = publisher === undefined ? connection.client : publicName(publisher);
  const member = userId ?? (publisher === undefined ? sender : `anon-${sender}`);
  const identity = { user, userId, expires: expiryOf(user), scope, member, sender };
  mustNotBeOver(connection, identity);
  return identity;
}

/** The id of a user, where there is one: a text or a number. */
export function idOf(user: unknown): string | undefined {
  const id = typeof user === "object" && user !== null && "id" in user ? user.id : undefined;
  return typeof id === "string" || typeof id === "number" ? String(id) : undefined;
}

/** When a user says that its time is over: `expires` in milliseconds since 1970 or a Date, or `exp` in seconds. */
export function expiryOf(user: unknown): number {
  if (typeof user !== "object" || user === null) return Infinity;
  const { expires, exp } = user as { expires?: unknown; exp?: unknown };
  const time = expires === undefined && typeof exp === "number" ? exp * 1000 : Number(expires ?? Infinity);
  if (Number.isNaN(time)) throw new TypeError("a user's expires must be milliseconds since 1970, or a Date");
  return time;
}

/** A name that is the same for all connections of a client, and from which its secret cannot be had. */
function publicName(publisher: string): string {
  return hash("sha256", publisher, "base64url").slice(0, 12);
}
