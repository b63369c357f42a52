/** Arrays that clients send: inputs of players in rooms. */
import { NotACommand, decodeInput, type InputLine } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { Caller } from "../caller.js";
import { seatOwner } from "../channels/enter-room.js";
import { refusals, tellRefused } from "../channels/visit.js";
import { mustResolve } from "../channels/access.js";
import { presentable } from "../presentable.js";

/** Whose inputs they are: a connection. */
export interface InputsOwner extends Caller {
  /** Something came that brings nothing; too much of that ends the connection. */
  receiveNothing(): void;
}

/**
 * Carries out an array. Hot: once an input. Inputs have a rate of their own, in their room, and do not count as commands; those that
 * bring nothing count as frames that bring none.
 *
 * @throws {NotACommand} where it is no input, or the connection has no seat there
 */
export function carryOutInput(connection: InputsOwner, line: readonly unknown[]): void {
  const input = decodeInput(line);
  if (connection.arrival === "aside") return carryOutAside(connection, input);
  if (typeof input.to === "string")
    throw new NotACommand(
      "over a WebSocket an input names its channel by the number that the ok of subscribe had",
    );
  const visit = connection.sessions.visitOf(input.to);
  if (visit === undefined)
    throw new NotACommand(`an array is an input, and this connection has no seat on channel ${input.to}`);
  // What was on its way when the seat was lost is passed over.
  if (visit === "past" || !visit.input(input)) connection.receiveNothing();
  connection.reply(undefined, "", 0);
}

/** An input that a request of its own has brought: whose it is, the request says. */
function carryOutAside(connection: InputsOwner, { to, n, input, seen }: InputLine): void {
  const { sessions, node } = connection;
  if (typeof to !== "string") throw new NotACommand("over HTTP an input names its channel by its name");
  const channel = node.registry.canonicalName(to);
  sessions.of(channel).queue.run(async () => {
    if (connection.closed) return;
    const refused = await takeAside(connection, channel, n, input, seen);
    if (refused !== undefined) {
      sessions.refusals ??= refusals(connection);
      tellRefused(connection, sessions.refusals, { channel: to }, n, refused);
    }
    connection.reply(undefined, "", 0);
    sessions.tidy(channel);
  });
}

/** Why the input does not count, if it does not. */
async function takeAside(
  connection: InputsOwner,
  channel: string,
  n: number,
  input: unknown,
  seen: number | undefined,
): Promise<TidemarkError | undefined> {
  const { node, identity, sessions } = connection;
  if (identity === undefined) return undefined;
  try {
    const resolved = mustResolve(connection, channel);
    if (resolved.def.room === undefined)
      throw new TidemarkError("wrong_kind", `${JSON.stringify(channel)} is no room: inputs are for rooms`);
    const owner = seatOwner(identity, sessions.secret);
    node.newChannels.use(connection, channel);
    const { feed } = await node.hub.acquire(resolved);
    try {
      if (feed.room === undefined) return undefined;
      const outcome = await feed.room.inputOf(feed.room.seatOf(owner), n, input, seen);
      return outcome === "taken" || outcome === "known" ? undefined : outcome;
    } finally {
      node.hub.release(channel);
    }
  } catch (error) {
    return presentable(connection, error, "take an input");
  }
}
