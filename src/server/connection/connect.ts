/** The connect command: who is it, and everything that it was subscribed to, in one answer. */
import { createHash } from "node:crypto";
import { MAX_CONNECT_SUBS, type Command } from "../../protocol/index.js";
import { TidemarkError, errorBody } from "../errors.js";
import type { Caller, Identity } from "./caller.js";
import { prepare } from "./subscribe.js";

/** Carries out a connect command and answers it. Never rejects. */
export async function connect(connection: Caller, command: Command & { do: "connect" }): Promise<void> {
  const { node, client, peer } = connection;
  if (command.subs.size > MAX_CONNECT_SUBS) {
    connection.close("policy", `connect takes at most ${MAX_CONNECT_SUBS} subs; send the others as subscribe commands`);
    return;
  }
  let identity: Identity;
  try {
    const user: unknown = (await node.hooks.authenticate?.({ token: command.token, request: peer })) ?? null;
    if (connection.closed) return;
    await node.hooks.onConnect?.({ client, user, request: peer });
    identity = identify(connection, user, command.publisher);
  } catch (error) {
    refuse(connection, command, error);
    return;
  }
  connection.identified(identity);
  if (connection.closed) return;
  const names = [...command.subs.keys()];
  const prepared = await Promise.all(
    names.map((name) => prepare(connection, identity, node.registry.spell(name), command.subs.get(name) ?? {})),
  );
  const started = prepared.map((finish) => finish());
  const subs = started.map((one, i) => {
    const result = one instanceof TidemarkError ? { error: errorBody(one) } : one.result;
    return `${JSON.stringify(names[i])}:${JSON.stringify(result)}`;
  });
  const { durability } = node.broker;
  const sender = identity.sender === client ? "" : `,"sender":${JSON.stringify(identity.sender)}`;
  const head = `{"client":${JSON.stringify(client)}${sender},"durability":"${durability}","ping":${node.limits.ping}`;
  connection.reply(command.id, subs.length === 0 ? `${head}}` : `${head},"subs":{${subs.join(",")}}}`);
  for (const one of started) if (!(one instanceof TidemarkError)) one.start();
}

/** A refusal ends the connection: there is nothing it could do. It is said twice, for programs and for people. */
function refuse(connection: Caller, command: Command & { do: "connect" }, thrown: unknown): void {
  const known = thrown instanceof TidemarkError;
  // Whatever authenticate throws means no; only what it says with a TidemarkError is said on.
  const error = known ? thrown : new TidemarkError("unauthorized", "the token was refused", { cause: thrown });
  if (!known) connection.node.log.warn({ client: connection.client, reason: String(thrown) }, "authenticate or onConnect refused");
  connection.fail(command.id, error);
  const name = error.retry ? "unavailable" : error.code === "token_expired" ? "token_expired" : "unauthorized";
  connection.close(name, error.message);
}

function identify(connection: Caller, user: unknown, publisher: string | undefined): Identity {
  const id = typeof user === "object" && user !== null && "id" in user ? user.id : undefined;
  const userId = typeof id === "string" || typeof id === "number" ? String(id) : undefined;
  // As one JSON text, so that no choice of ids makes two users' scopes meet.
  const scope = JSON.stringify(publisher === undefined ? [connection.client] : [userId ?? null, publisher]);
  const sender = publisher === undefined ? connection.client : publicName(publisher);
  return {
    user,
    userId,
    scope,
    member: userId ?? (publisher === undefined ? sender : `anon-${sender}`),
    sender,
  };
}

/** A name that is the same for all connections of a client, and from which its secret cannot be had. */
function publicName(publisher: string): string {
  return createHash("sha256").update(publisher).digest("base64url").slice(0, 12);
}
