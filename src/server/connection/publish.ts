/** Publishing: checks, hooks, and then the log - or, on a channel without one, everybody who is there. */
import { BrokerError, type Appended, type Draft, type Key, type Payload } from "../../broker/index.js";
import type { Command } from "../../protocol/index.js";
import { digitsOf } from "../../protocol/digits.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { andThen, isPromise, validate } from "../channels/validate.js";
import { TidemarkError } from "../errors.js";
import type { Caller, Identity } from "./caller.js";
import { fingerprint } from "./fingerprint.js";
import type { ServerNode } from "./node.js";
import { Gate, type ChannelSession } from "./session.js";
import { contextOf, forbidden, mustResolve } from "./subscribe.js";

type Publish = Command & { do: "publish" };

export function publish(connection: Caller, command: Publish): void {
  inLane(connection, command, (ticket) => {
    const { identity } = connection;
    if (identity === undefined) return undefined;
    if (command.idem !== undefined && ticket.gate.aborts(ticket.turn)) throw abortedError();
    return run(connection, identity, command, ticket);
  });
}

/** Answers a publish that was refused before anybody looked at it. Its place in the order counts all the same. */
export function refusePublish(connection: Caller, command: Publish, error: TidemarkError): void {
  inLane(connection, command, () => {
    throw error;
  });
}

/** A publish's place in the order of its connection's publishes to a channel. */
interface Ticket {
  readonly gate: Gate;
  readonly turn: number;
  /** Bytes that it holds until it is answered. */
  held: number;
}

function inLane(
  connection: Caller,
  command: Publish,
  task: (ticket: Ticket) => void | PromiseLike<void>,
): void {
  const { sessions, node } = connection;
  if (!sessions.has(command.channel) && sessions.size >= node.limits.subscriptions * 2) {
    const message = "too many channels are in use on this connection";
    return connection.fail(command.id, new TidemarkError("limit_reached", message));
  }
  const session = connection.session(command.channel);
  session.lane.run(() => {
    if (connection.closed) return undefined;
    const ticket = enter(session, command);
    const fail = (thrown: unknown): void => failed(connection, command, ticket, thrown);
    try {
      const done = task(ticket);
      return isPromise(done) ? done.then(undefined, fail) : undefined;
    } catch (error) {
      fail(error);
      return undefined;
    }
  });
}

/** To the gate, or through a new one: the retry of what shut it, or a publish that nothing is unanswered before. */
function enter(session: ChannelSession, { idem, first }: Publish): Ticket {
  if (idem !== undefined && session.gate.shut && session.gate.opensFor(idem, first))
    session.gate = new Gate();
  return { gate: session.gate, turn: session.gate.turn(), held: 0 };
}

/** Appends for the application itself: schema, then log; no hooks. Rejects with a {@link TidemarkError}. */
export async function publishAsServer(
  node: ServerNode,
  resolved: ResolvedChannel,
  data: unknown,
): Promise<{ offset: number }> {
  const value = await validate(resolved.def.schema, data);
  const payload = encode(value, node);
  return new Promise((resolve, reject) => {
    const done = (outcome: Outcome): void => {
      const result = readOutcome(outcome, false);
      if (result instanceof TidemarkError) reject(result);
      else resolve({ offset: result });
    };
    hand(node, resolved, { data: payload, key: ownKey(node) }, "server", () => false, done);
  });
}

type Outcome = Appended | "aborted" | "sent" | Error;

/** The checks in their order; hooks that return at once cost no turn. */
function run(
  connection: Caller,
  identity: Identity,
  command: Publish,
  ticket: Ticket,
): void | PromiseLike<void> {
  const { node } = connection;
  const resolved = mustResolve(connection, command.channel);
  const { def } = resolved;
  mustBeInTime(command, def.log.dedupe);
  const sent = encode(command.bytes ?? command.data, node);
  ticket.held = sent.length;
  connection.hold(ticket.held);
  const raw = command.bytes ?? command.data;
  const context = contextOf(connection, identity, resolved);
  const verdict = def.allow === undefined || def.allow({ ...context, action: "publish" });
  return andThen(verdict, (allowed) => {
    if (!allowed) throw forbidden("publish", resolved.name);
    return andThen(validate(def.schema, raw), (data) =>
      andThen(def.onPublish === undefined ? data : def.onPublish({ ...context, data }), (value) => {
        if (connection.closed) return;
        // A schema or hook may have changed it in place.
        const untouched = def.schema === undefined && def.onPublish === undefined;
        const payload = untouched ? sent : encode(value, node);
        const key = keyOf(node, identity, command, sent);
        const { gate, turn } = ticket;
        const keyed = command.idem !== undefined;
        const meta = metaOf(identity, def.sender, command.idem);
        const draft = meta === undefined ? { data: payload, key } : { data: payload, meta, key };
        const slot = identity.userId ?? connection.client;
        const done = (outcome: Outcome): void => answer(connection, command, ticket, outcome);
        hand(node, resolved, draft, slot, () => keyed && gate.aborts(turn), done);
      }),
    );
  });
}

/** To the log, or straight to everybody where there is none. */
function hand(
  node: ServerNode,
  resolved: ResolvedChannel,
  draft: Draft,
  slot: string,
  aborted: () => boolean,
  done: (outcome: Outcome) => void,
): void {
  if (resolved.def.kind === "transient") {
    const signal = { data: draft.data, slot, ...(draft.meta !== undefined && { meta: draft.meta }) };
    node.appender.signal(resolved.name, { signal, done });
  } else node.appender.append(resolved.name, resolved.def.log, { draft, aborted, done });
}

function answer(connection: Caller, command: Publish, ticket: Ticket, outcome: Outcome): void {
  const result = readOutcome(outcome, command.idem !== undefined);
  if (result instanceof TidemarkError) {
    if (outcome instanceof Error && !(outcome instanceof BrokerError)) {
      connection.node.log.error({ channel: command.channel, error: outcome }, "an append failed");
    }
    failed(connection, command, ticket, result);
    return;
  }
  connection.hold(-ticket.held);
  const ok = `{"offset":${digitsOf(result)}}`;
  connection.reply(command.id, ok, ok.length);
  ticket.gate.settled();
  connection.tidy(command.channel);
}

/** The offset, or what to tell the publisher. */
function readOutcome(outcome: Outcome, keyed: boolean): number | TidemarkError {
  if (outcome === "sent") return 0;
  if (outcome === "aborted") return abortedError();
  if (outcome instanceof Error) {
    // Whether it was appended is not known. With a key of the client's own, trying again is safe.
    if (keyed)
      return new TidemarkError("unavailable", "the broker did not confirm it; retry with the same key", {
        cause: outcome,
      });
    return new TidemarkError(
      "outcome_unknown",
      "the broker did not confirm it; without idem a retry may double it",
      { cause: outcome },
    );
  }
  if ("offset" in outcome) return outcome.offset;
  return outcome.error === "key_conflict"
    ? new TidemarkError("key_conflict", "this idem was used before with another payload")
    : new TidemarkError("outcome_unknown", "this idem is older than what is still remembered");
}

function failed(connection: Caller, command: Publish, { gate, turn, held }: Ticket, thrown: unknown): void {
  const error = connection.presentable(thrown, "publish");
  if (error.retry && command.idem !== undefined) {
    gate.shutFor(turn, command.idem);
    // The retry of a later one may have opened a new gate already: this one came before all that passed that.
    const now = connection.sessions.get(command.channel)?.gate;
    if (now !== gate) now?.shutFor(0, command.idem);
  }
  gate.settled();
  connection.hold(-held);
  connection.fail(command.id, error);
  connection.tidy(command.channel);
}

function abortedError(): TidemarkError {
  return new TidemarkError("aborted", "an earlier publish to this channel failed; send that one again first");
}

/** Who published it, as the text that stands beside the message. */
function metaOf(
  { userId, sender }: Identity,
  withSender: boolean,
  idem: number | string | undefined,
): string | undefined {
  if (withSender) return JSON.stringify({ from: userId, sender, idem });
  return userId === undefined ? undefined : JSON.stringify({ from: userId });
}

/** A retry that comes so late that its key may be forgotten is refused: nobody can tell whether it happened. */
function mustBeInTime(command: Publish, dedupe: number): void {
  const margin = Math.min(30_000, dedupe / 10);
  if (command.idem !== undefined && command.age > 0 && dedupe > 0 && command.age > dedupe - margin) {
    throw new TidemarkError(
      "outcome_unknown",
      `first sent ${command.age} ms ago, longer than keys are remembered`,
    );
  }
}

function keyOf(node: ServerNode, identity: Identity, command: Publish, sent: Payload): Key {
  if (command.idem === undefined) return ownKey(node);
  return { scope: identity.scope, id: command.idem, print: fingerprint(sent) };
}

/** A key for an append whose publisher gave none: the broker's driver may repeat what it sends. */
function ownKey(node: ServerNode): Key {
  // No number comes twice, so there is nothing that its payload could be confused with.
  return { scope: node.scope, id: node.nextNumber(), print: 0 };
}

/** The payload as the log keeps it, within the size limit. */
function encode(value: unknown, node: ServerNode): Payload {
  const { message } = node.limits;
  if (value instanceof Uint8Array) {
    // A copy: the value may be a view into a much larger buffer, which the log would keep alive.
    if (value.length <= message) return new Uint8Array(value);
    throw new TidemarkError("too_large", `${value.length} bytes are over the limit of ${message}`);
  }
  const text = stringify(value);
  if (text === undefined)
    throw new TidemarkError("invalid", `a message must be a JSON value or bytes, not ${typeof value}`);
  const size = Buffer.byteLength(text);
  if (size > message)
    throw new TidemarkError("too_large", `${size} bytes of JSON are over the limit of ${message}`);
  return text;
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // V8 reads JSON of any depth, but writes only what fits on its stack.
    if (error instanceof RangeError)
      throw new TidemarkError("invalid", "the message is nested too deeply", { cause: error });
    throw error;
  }
}
