/** Finding a room to play in. */
import type { Command } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { Found } from "../../feed/matching.js";
import { detach } from "../../guard.js";
import type { Caller, Identity } from "../caller.js";
import { presentable } from "../presentable.js";
import { mustResolve } from "./access.js";
import { mayMake, seatOwner } from "./enter-room.js";

type Find = Command & { do: "find" };

/** Finds somebody a room, in which a seat is kept then for some seconds. */
export function find(connection: Caller, command: Find): void {
  const { id } = command;
  const { identity } = connection;
  if (identity === undefined) return;
  detach(
    findRoom(connection, identity, command).then(
      (found) => connection.reply(id, JSON.stringify(found)),
      (error: unknown) => connection.fail(id, presentable(connection, error, "find a room")),
    ),
    (error) => connection.abandon(error),
  );
}

async function findRoom(
  connection: Caller,
  identity: Identity,
  { name, match, secret, how }: Find,
): Promise<Found> {
  const { node, sessions } = connection;
  const owner = seatOwner(identity, secret ?? sessions.secret);
  if (node.matching === undefined) throw new TidemarkError("not_found", "there are no rooms on this server");
  node.finds.use(connection);
  if (typeof how === "object") node.codes.use(connection);
  return node.matching.find({
    name,
    match,
    owner,
    how,
    mayUse: (channel) => node.newChannels.use(connection, channel),
    mayMake: (channel) =>
      mayMake({ connection, identity, resolved: mustResolve(connection, channel), options: { match } }),
  });
}
