/** Commands that ask: history, members, call. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { MAX_OFFSET, offsetAt, type Command, type Id } from "../../../protocol/index.js";
import type { Action, ChannelDef } from "../../channels/define.js";
import type { MethodDef } from "../../channels/methods.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import type { Kind } from "../../kinds/kind.js";
import { andThen, isPromise, validate } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import { textLine, type EncodedLine } from "../../delivery/chunk.js";
import { detach } from "../../guard.js";
import type { Caller, Identity } from "../caller.js";
import { presentable } from "../presentable.js";
import { contextOf, mustAllow, mustResolve } from "./access.js";
import { historyAnswer, type Range } from "./history-answer.js";
import { HistorySource } from "./history-source.js";

type Call = Command & { do: "call" };

const DEFAULT_LIMIT = 50;

export function history(connection: Caller, command: Command & { do: "history" }): void {
  const { id, limit = DEFAULT_LIMIT } = command;
  connection.replyLarge(
    async () => {
      const resolved = await resolveAllowed(connection, command.channel, "history", ({ kind }, name) =>
        kind.history ? undefined : noHistory(kind, name),
      );
      const from = rangeOf(command);
      const source = new HistorySource(connection.node, resolved);
      const page = await source.read(from, limit);
      return historyAnswer(id, page, from, limit, (offset) => source.findAgain(offset));
    },
    (error) => connection.fail(id, presentable(connection, error, "read the history")),
  );
}

export function members(connection: Caller, command: Command & { do: "members" }): void {
  const { id } = command;
  connection.replyLarge(
    async () => {
      const resolved = await resolveAllowed(connection, command.channel, "members", ({ presence, room }) => {
        if (room !== undefined) return "is a room: who is there are its seats, which it shows in its tables";
        return presence === undefined ? "does not tell who is present" : undefined;
      });
      const active = await connection.node.hub.acquire(resolved);
      connection.node.hub.release(resolved.name);
      const reply = active.roster?.reply();
      // What happens on the channel comes on another connection, and its versions are of another server's counting.
      return replyLine(
        id,
        JSON.stringify(connection.arrival === "aside" ? { ...reply, version: undefined } : reply),
      );
    },
    (error) => connection.fail(id, presentable(connection, error, "list the members")),
  );
}

/**
 * The channel that is asked about, once it is known that this connection may ask.
 *
 * @param lack what the channel would have to have, as it follows its name; `undefined` where it has that
 * @throws {TidemarkError} `not_found`, `wrong_kind`, `forbidden`, `rate_limited`
 */
async function resolveAllowed(
  connection: Caller,
  channel: string,
  action: Action,
  lack: (def: ChannelDef, name: string) => string | undefined,
): Promise<ResolvedChannel> {
  const resolved = mustResolve(connection, channel);
  const lacking = lack(resolved.def, resolved.name);
  if (lacking !== undefined)
    throw new TidemarkError("wrong_kind", `${JSON.stringify(resolved.name)} ${lacking}`);
  const context = contextOf(connection, connection.identity as Identity, resolved);
  await mustAllow(connection.node, context, resolved, action);
  connection.node.newChannels.use(connection, resolved.name);
  return resolved;
}

function noHistory(kind: Kind, channel: string): string {
  const instead =
    kind.by === "slots"
      ? `; use ${kind.handle(channel)}, or get`
      : kind.by === "room"
        ? `; use ${kind.handle(channel)}`
        : "";
  return `is a ${kind.name} and keeps no history${instead}`;
}

/** Calls run side by side, and are never repeated by anybody but the caller. */
export function call(connection: Caller, command: Call): void {
  connection.calls++;
  try {
    const done = run(connection, command);
    if (isPromise(done)) {
      const settled = Promise.resolve(done).catch((error: unknown) => callFailed(connection, command, error));
      detach(
        settled.finally(() => connection.calls--),
        (error) => connection.abandon(error),
      );
      return;
    }
  } catch (error) {
    callFailed(connection, command, error);
  }
  connection.calls--;
}

/** Hot path: a method that returns at once is answered at once, and costs no promise and no function. */
function run(connection: Caller, command: Call): void | PromiseLike<void> {
  const { node } = connection;
  const method = node.methods.get(command.method);
  if (method === undefined)
    throw new TidemarkError("not_found", `no method ${JSON.stringify(command.method)}`);
  const input = validate(method.input, command.data);
  if (isPromise(input)) return input.then((value) => runWith(connection, command, method, value));
  return runWith(connection, command, method, input);
}

function runWith(
  connection: Caller,
  command: Call,
  method: MethodDef,
  input: unknown,
): void | PromiseLike<void> {
  const { client, identity } = connection;
  const result = method.run(input, { user: identity?.user, client });
  if (isPromise(result)) return result.then((value) => finish(connection, command, method, value));
  return finish(connection, command, method, result);
}

function finish(
  connection: Caller,
  command: Call,
  { output }: MethodDef,
  result: unknown,
): void | PromiseLike<void> {
  if (output === undefined) return answerCall(connection, command, result);
  return andThen(fit(output, result), (fitting) => answerCall(connection, command, fitting));
}

function callFailed(connection: Caller, { id, method }: Call, error: unknown): void {
  connection.fail(id, presentable(connection, error, `run ${JSON.stringify(method)}`));
}

function answerCall(connection: Caller, command: Call, output: unknown): void {
  const { id } = command;
  const { message: most } = connection.node.limits;
  const text = (JSON.stringify(output) as string | undefined) ?? "null";
  const size = Buffer.byteLength(text);
  if (size > most)
    throw new TidemarkError("too_large", `the answer has ${size} bytes, over the limit of ${most}`);
  if (size < 1024) connection.reply(id, text, size);
  else
    connection.replyLarge(
      async () => replyLine(id, text),
      (error) => callFailed(connection, command, error),
    );
}

/** An answer that does not fit is the server's mistake, not the caller's. */
function fit(schema: StandardSchemaV1, value: unknown): unknown {
  return andThen(schema["~standard"].validate(value), (result) => {
    if (result.issues === undefined) return result.value;
    throw new Error(`the answer does not fit: ${result.issues.map(({ message }) => message).join("; ")}`);
  });
}

function rangeOf({ before, after, since }: Command & { do: "history" }): Range {
  if (after !== undefined) return { after };
  if (since !== undefined) return { after: Math.max(0, offsetAt(since) - 1) };
  return { before: before ?? MAX_OFFSET };
}

/** Who gave no id wants no answer. */
function replyLine(id: Id, ok: string): EncodedLine | undefined {
  return id === undefined ? undefined : textLine(`{"id":${id},"ok":${ok}}`);
}
