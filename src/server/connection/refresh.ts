/** The refresh command: the same user goes on with a newer token. */
import type { Command } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";
import type { Caller } from "./caller.js";
import { authenticated, expiryOf, idOf, lifeOf, mustNotBeOver, refusalOf } from "./identity.js";

/** Carries out a refresh command and answers it: the same user, with a token that is good for longer. Never rejects. */
export async function refresh(connection: Caller, command: Command & { do: "refresh" }): Promise<void> {
  const { identity, node } = connection;
  if (identity === undefined) return;
  try {
    const user = await authenticated(connection, command.token);
    if (connection.closed) return;
    // Where users have no id there is nothing to tell one from another by.
    const id = idOf(user);
    if (id !== identity.userId) throw new TidemarkError("unauthorized", "the token is another user's");
    if (id === undefined && node.hooks.authenticate !== undefined) {
      throw new TidemarkError(
        "unauthorized",
        "users without an id cannot renew their token; connect again with it",
      );
    }
    const next = { ...identity, user, expires: expiryOf(user) };
    mustNotBeOver(connection, next);
    connection.identified(next);
    connection.reply(command.id, `{${lifeOf(connection, next)}}`);
  } catch (error) {
    connection.fail(command.id, refusalOf(connection, error));
  }
}
