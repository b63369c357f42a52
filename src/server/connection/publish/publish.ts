/** Publishing as clients do it: each in its place in the order of its connection's publishes to a channel. */
import type { Command } from "../../../protocol/index.js";
import { isPromise } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { Caller } from "../caller.js";
import { ageOf } from "./in-time.js";
import { Publishing } from "./publishing.js";

type Publish = Command & { do: "publish" };

/** @param sentAfter the command was sent after this time, on the monotonic clock; what is carried out now, unless that is given */
export function publish(
  connection: Caller,
  command: Publish,
  sentAfter: number = connection.sentAfter,
): void {
  inLane(connection, command, sentAfter, (publishing) => publishing.run());
}

/** Answers a publish that was refused before anybody looked at it. Its place in the order counts all the same. */
export function refusePublish(connection: Caller, command: Publish, error: TidemarkError): void {
  inLane(connection, command, connection.sentAfter, () => {
    throw error;
  });
}

function inLane(
  connection: Caller,
  command: Publish,
  sentAfter: number,
  task: (publishing: Publishing) => void | PromiseLike<void>,
): void {
  const { sessions, node } = connection;
  if (!sessions.has(command.channel) && sessions.size >= node.limits.subscriptions * 2) {
    const message = "too many channels are in use on this connection";
    return connection.fail(command.id, new TidemarkError("limit_reached", message));
  }
  const session = connection.sessions.of(command.channel);
  // Taken here: a publish ages while those before it take their time, and `sentAfter` moves on with what comes later.
  const sent = sentAfter - ageOf(command);
  // Counted while they wait for their turn: they may be large.
  if (command.bytes !== undefined) connection.hold(command.bytes.length);
  session.queue.run(() => {
    if (connection.closed) return undefined;
    const publishing = new Publishing(connection, command, session, sent);
    try {
      const done = task(publishing);
      return isPromise(done) ? done.then(undefined, (thrown) => publishing.failed(thrown)) : undefined;
    } catch (error) {
      publishing.failed(error);
      return undefined;
    }
  });
}
