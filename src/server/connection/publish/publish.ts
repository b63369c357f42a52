/** Publishing: checks, hooks, and then the log - or, on a channel without one, everybody who is there. */
import { BrokerError, ONLY_IF_KNOWN, type Draft, type Key, type Payload } from "../../../broker/index.js";
import type { Command } from "../../../protocol/index.js";
import { digitsOf } from "../../../protocol/digits.js";
import type { Context } from "../../channels/define.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { andThen, isPromise, validate } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { Job } from "./appender.js";
import type { Caller, Identity } from "../caller.js";
import { keyOf, ownKey } from "./keys.js";
import type { ServerNode } from "../node.js";
import { marginOf } from "./margin.js";
import { abortedError, readOutcome, type Outcome } from "./outcome.js";
import { asBytes, encode, fitting } from "./payload.js";
import { publishKey } from "./publish-key.js";
import { Gate, type ChannelSession } from "../channels/session.js";
import { contextOf, forbidden, mustResolve } from "../channels/subscribe.js";

type Publish = Command & { do: "publish" };
/** To be appended or sent, as the channel has it. */
interface AnyJob extends Job {
  done(outcome: Outcome): void;
}

export function publish(connection: Caller, command: Publish): void {
  inLane(connection, command, (publishing) => publishing.run());
}

/** Answers a publish that was refused before anybody looked at it. Its place in the order counts all the same. */
export function refusePublish(connection: Caller, command: Publish, error: TidemarkError): void {
  inLane(connection, command, () => {
    throw error;
  });
}

function inLane(
  connection: Caller,
  command: Publish,
  task: (publishing: Publishing) => void | PromiseLike<void>,
): void {
  const { sessions, node } = connection;
  if (!sessions.has(command.channel) && sessions.size >= node.limits.subscriptions * 2) {
    const message = "too many channels are in use on this connection";
    return connection.fail(command.id, new TidemarkError("limit_reached", message));
  }
  const session = connection.session(command.channel);
  // It ages while those before it take their time, and not what comes after it.
  const sent = connection.sentAfter - ageOf(command);
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

/** A draft of one's own. */
type OwnDraft = { -readonly [Part in keyof Draft]: Draft[Part] };

/** What is to be appended while that is not known yet. */
const NO_DRAFT: OwnDraft = { data: "null", key: { scope: "", id: 0, print: 0 } };

/** One publish, from its place in the order of its connection's publishes to a channel up to its answer. */
class Publishing implements AnyJob {
  draft = NO_DRAFT;
  readonly #connection: Caller;
  readonly #command: Publish;
  readonly #gate: Gate;
  readonly #turn: number;
  /** It was first sent after this time, on the monotonic clock. */
  readonly #sent: number;
  /** Until when it may be appended, on the monotonic clock. */
  #until = Infinity;
  #key: Key | undefined;
  /** Whether the log knows it already. */
  #isKnown = false;
  /** Bytes that it holds until it is answered. */
  #held = 0;

  /** Goes to the gate, or through a new one: the retry of what shut it, or what nothing is unanswered before. */
  constructor(connection: Caller, command: Publish, session: ChannelSession, sent: number) {
    const { idem, first } = command;
    if (idem !== undefined && session.gate.shut && session.gate.opensFor(idem, first))
      session.gate = new Gate();
    this.#connection = connection;
    this.#command = command;
    this.#gate = session.gate;
    this.#sent = sent;
    this.#turn = this.#gate.turn();
  }

  /** The checks in their order; hooks that return at once cost no turn. */
  run(): void | PromiseLike<void> {
    const { node, identity } = this.#connection;
    if (identity === undefined) return undefined;
    if (this.aborted()) throw abortedError();
    const resolved = mustResolve(this.#connection, this.#command.channel);
    const { log, allow, schema, onPublish } = resolved.def;
    if (this.#command.idem !== undefined && log.dedupe > 0) {
      mustBeInTime(this.#command, node.clock.monotonic() - this.#sent, log.dedupe);
      this.#until = this.#sent + log.dedupe;
    }
    const { json, bytes, data } = this.#command;
    const sent = json === undefined ? encode(bytes ?? data, node) : fitting(json, node);
    this.#held = sent.length;
    this.#connection.hold(this.#held);
    if (allow === undefined && schema === undefined && onPublish === undefined) {
      this.#countIfNew(resolved);
      return this.#handOver(identity, resolved, sent, sent);
    }
    return this.#judge(identity, resolved, sent);
  }

  /** Before a hook saves anything: what it has let pass is not refused any more for what the channel's name costs. */
  #countIfNew({ name, def }: ResolvedChannel): void {
    if (def.kind.logged) this.#connection.node.newChannels.use(this.#connection, name);
  }

  /** What the application says of it. */
  #judge(identity: Identity, resolved: ResolvedChannel, sent: Payload): void | PromiseLike<void> {
    const { allow, schema, onPublish } = resolved.def;
    const context = contextOf(this.#connection, identity, resolved);
    const { slowHooks } = this.#connection.node;
    const verdict =
      allow === undefined ||
      slowHooks.watch(allow({ ...context, action: "publish" }), "allow", resolved.name);
    return andThen(verdict, (allowed) => {
      if (!allowed) throw forbidden("publish", resolved.name);
      this.#countIfNew(resolved);
      if (schema === undefined && onPublish === undefined)
        return this.#handOver(identity, resolved, sent, sent);
      if (onPublish !== undefined && this.#isRetry && resolved.def.kind.logged)
        return this.#answerOr(identity, resolved, sent, () => this.#call(identity, resolved, context, sent));
      return this.#call(identity, resolved, context, sent);
    });
  }

  /** Whether the log may know it already. */
  get #isRetry(): boolean {
    return this.#command.idem !== undefined && this.#command.age > 0;
  }

  /**
   * A retry that is in the log already has had its hook called, and is answered from there; otherwise `go` goes on. The
   * question is an append whose time is over: known keys are answered, and nothing else is appended.
   */
  async #answerOr(
    identity: Identity,
    resolved: ResolvedChannel,
    sent: Payload,
    go: () => void | PromiseLike<void>,
  ): Promise<void> {
    const { broker } = this.#connection.node;
    this.#key = this.#keyIn(identity, resolved, sent);
    const question = { data: "null", key: this.#key, within: ONLY_IF_KNOWN };
    const [answer] = await broker.append(resolved.name, [question], resolved.def.log);
    if (answer !== undefined && "error" in answer && answer.error === "outcome_unknown") return go();
    this.#isKnown = true;
    // By the way of all others, so that answers keep their order; as what it is does not matter any more.
    return this.#handOver(identity, resolved, sent, sent);
  }

  #keyIn(identity: Identity, resolved: ResolvedChannel, sent: Payload): Key {
    const { idem } = this.#command;
    return idem === undefined
      ? ownKey(this.#connection.node)
      : keyOf(this.#connection, identity, resolved, idem, sent);
  }

  /** Schema and hook. */
  #call(
    identity: Identity,
    resolved: ResolvedChannel,
    context: Context,
    sent: Payload,
  ): void | PromiseLike<void> {
    const { node } = this.#connection;
    const { schema, onPublish } = resolved.def;
    const { json, bytes, data } = this.#command;
    // What it costs is known before anything is saved.
    if (onPublish !== undefined) this.#key ??= this.#keyIn(identity, resolved, sent);
    const raw: unknown = json === undefined ? (bytes ?? data) : JSON.parse(json);
    return andThen(validate(schema, raw), (valid) =>
      andThen(
        onPublish === undefined
          ? valid
          : node.slowHooks.watch(
              onPublish({ ...context, data: valid, key: publishKey(node, identity, this.#command) }),
              "onPublish",
              resolved.name,
            ),
        // A schema or hook may have changed it in place.
        (value) => this.#handOver(identity, resolved, sent, this.#encodeJudged(value, resolved)),
      ),
    );
  }

  /** What schema and hook have made of it. Where that is no message, it is the application that has to hear of it. */
  #encodeJudged(value: unknown, { name, def }: ResolvedChannel): Payload {
    const { node } = this.#connection;
    try {
      return encode(value, node);
    } catch (error) {
      const culprit = def.onPublish === undefined ? "the schema" : "onPublish";
      if (error instanceof TidemarkError && error.code === "invalid")
        node.log.error(
          { channel: name, reason: error.message },
          `${culprit} returned what cannot be published`,
        );
      throw error;
    }
  }

  #handOver(identity: Identity, resolved: ResolvedChannel, sent: Payload, data: Payload): void {
    const { node, client, closed } = this.#connection;
    // What a hook let pass it may have saved. It goes on to the log, whoever is left to hear the answer: otherwise it
    // would be saved, and told to nobody until its publisher comes back, if ever.
    if (closed && resolved.def.onPublish === undefined) return;
    const { idem } = this.#command;
    const key = this.#key ?? this.#keyIn(identity, resolved, sent);
    const meta = metaOf(identity, resolved.def.sender, idem);
    this.draft = meta === undefined ? { data, key } : { data, meta, key };
    hand(node, resolved, this, identity.userId ?? client);
  }

  draftAt(now: number): Draft | undefined {
    if (this.#isKnown) {
      // Forgotten since it was asked about: then it is appended no more.
      this.draft.within = ONLY_IF_KNOWN;
      return this.draft;
    }
    if (this.#until === Infinity) return this.draft;
    this.draft.within = this.#until - now;
    return this.draft.within > 0 ? this.draft : undefined;
  }

  aborted(): boolean {
    return this.#command.idem !== undefined && this.#gate.aborts(this.#turn);
  }

  /** Who asked is not left without an answer: what fails here ends the connection. */
  done(outcome: Outcome): void {
    try {
      this.#answer(outcome);
    } catch (error) {
      this.#connection.abandon(error);
    }
  }

  #answer(outcome: Outcome): void {
    const { id, channel, idem } = this.#command;
    const result = readOutcome(outcome, idem !== undefined);
    if (result instanceof TidemarkError) {
      const { node } = this.#connection;
      if (outcome instanceof BrokerError) node.brokerErrors.note(outcome, "append");
      else if (outcome instanceof Error) node.log.error({ channel, error: outcome }, "an append failed");
      this.failed(result);
      return;
    }
    const ok = `{"offset":${digitsOf(result)}}`;
    this.#release();
    this.#connection.reply(id, ok, ok.length);
    this.#connection.tidy(channel);
  }

  failed(thrown: unknown): void {
    const { id, channel, idem } = this.#command;
    const error = this.#connection.presentable(thrown, "publish");
    if (error.retry && idem !== undefined) {
      this.#gate.shutFor(this.#turn, idem);
      // The retry of a later one may have opened a new gate already: this one came before all that passed that.
      const now = this.#connection.sessions.get(channel)?.gate;
      if (now !== this.#gate) now?.shutFor(0, idem);
    }
    this.#release();
    this.#connection.fail(id, error);
    this.#connection.tidy(channel);
  }

  /** Before it is answered: with the answer, what waited for the room that it held goes on. */
  #release(): void {
    this.#gate.settled();
    this.#connection.hold(-this.#held);
  }
}

/** Appends for the application itself: schema, then log; no hooks. Rejects with a {@link TidemarkError}. */
export async function publishAsServer(
  node: ServerNode,
  resolved: ResolvedChannel,
  data: unknown,
): Promise<{ offset: number }> {
  // Before the schema sees it, as with what clients send.
  const value = await validate(resolved.def.schema, asBytes(data) ?? data);
  const payload = encode(value, node);
  return new Promise((resolve, reject) => {
    const done = (outcome: Outcome): void => {
      const result = readOutcome(outcome, false);
      if (result instanceof TidemarkError) reject(result);
      else resolve({ offset: result });
    };
    const draft: Draft = { data: payload, key: ownKey(node) };
    hand(node, resolved, { draft, draftAt: () => draft, aborted: () => false, done }, "server");
  });
}

/** To the log, or straight to everybody where there is none. */
function hand(node: ServerNode, { name, def }: ResolvedChannel, job: AnyJob, slot: string): void {
  if (!def.kind.logged) {
    const { data, meta } = job.draft;
    const signal = meta === undefined ? { data, slot } : { data, slot, meta };
    node.appender.signal(name, { signal, done: (outcome) => job.done(outcome) });
  } else node.appender.append(name, def.log, job);
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

/**
 * What comes so late that its key may be forgotten is refused: nobody can tell whether it happened.
 *
 * @param most how long ago it was sent first at most. Of that, what its peer does not say counts once it is more than the
 *   margin, which is there for it: answers to pings are seldom so far apart
 */
function mustBeInTime(command: Publish, most: number, dedupe: number): void {
  const margin = marginOf(dedupe);
  const said = ageOf(command);
  if ((most - said > margin ? most : said) <= dedupe - margin) return;
  const message =
    said > dedupe - margin
      ? `first sent ${said} ms ago, longer than keys are remembered`
      : `it may have been on its way for ${Math.ceil(most)} ms, longer than keys are remembered`;
  throw new TidemarkError("outcome_unknown", message);
}

/** What its client says of it; nothing is younger than just sent. */
function ageOf({ age }: Publish): number {
  return Math.max(0, age);
}
