/** Carries out what an app says to all connections of one user. */
import type { SubscribeOptions } from "../../../protocol/index.js";
import type { Caller, Identity } from "../caller.js";
import type { ServerNode } from "../node.js";
import { subscribeByServer, unsubscribeByServer } from "../channels/subscribe.js";
import type { UserCommand } from "./user-command.js";

/** Carries out a command on this node's connections, and keeps it in mind for those to come. */
export function applyUserCommand(
  written: UserCommand,
  connections: Iterable<Caller>,
  node: ServerNode,
): void {
  const command =
    "channel" in written ? { ...written, channel: node.registry.canonicalName(written.channel) } : written;
  const theirs = [...connections].filter(({ identity }) => identity?.userId === command.user);
  node.revocations.note(command, node.clock.monotonic());
  for (const connection of theirs) {
    try {
      carryOut(command, connection);
    } catch (error) {
      connection.abandon(error);
    }
  }
}

function carryOut(command: UserCommand, connection: Caller): void {
  switch (command.do) {
    case "subscribe":
      connection.whenOpen(() => subscribeByServer(connection, command.channel));
      break;
    case "unsubscribe": {
      const { channel, code, message } = command;
      connection.whenOpen(() => unsubscribeByServer(connection, channel, code, message));
      break;
    }
    case "disconnect":
      connection.close("disconnected", command.reason);
      break;
    default:
      // A newer node may know more than this one.
      command satisfies never;
  }
}

/**
 * Carries out what a connection's user was denied while the connection began, or before that, where its client may not have
 * heard of it. Only subscriptions that the client asks for are ended: those that the server gives, it gives each time.
 *
 * @param began when the connection did, on the monotonic clock
 */
export function catchUp(
  connection: Caller,
  { userId }: Identity,
  began: number,
  subs: ReadonlyMap<string, SubscribeOptions>,
): void {
  const { revocations, registry } = connection.node;
  for (const revocation of revocations.since(userId, began - connection.missed)) {
    if (revocation.do === "disconnect") return carryOut(revocation, connection);
    for (const [name, { cursor }] of subs) {
      if (registry.canonicalName(name) !== revocation.channel) continue;
      // A client that has heard of the denial, and begins anew, has no cursor.
      const goesOn = cursor !== undefined || registry.resolve(name)?.def.kind.logged === false;
      if (revocation.at >= began || goesOn) carryOut(revocation, connection);
    }
  }
}
