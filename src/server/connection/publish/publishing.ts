/** One publish of a client's: checks, hooks, and then the log - or, on a channel without one, everybody who is there. */
import {
  BrokerError,
  ONLY_IF_KNOWN,
  type Change,
  type Draft,
  type Key,
  type Payload,
} from "../../../broker/index.js";
import type { Command } from "../../../protocol/index.js";
import type { Context } from "../../channels/define.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { andThen, validate } from "../../channels/validate.js";
import { TidemarkError } from "../../errors.js";
import type { ChangeRequest, SlotsKind } from "../../kinds/slots-kind.js";
import type { Caller, Identity } from "../caller.js";
import { Gate, type ChannelSession } from "../channels/session.js";
import { contextOf, forbidden, mustResolve } from "../channels/access.js";
import { mustAllowChange } from "../channels/slot-rights.js";
import { presentable } from "../presentable.js";
import { NO_CHANGE, isKnown } from "./ask-if-known.js";
import type { Dependence, JobBase } from "./changes/change-job.js";
import { wayOf } from "./changes/way.js";
import { handOver, handOverChanges, notPublished, type HandedOver } from "./hand-over.js";
import { mustBeInTime } from "./in-time.js";
import { keyOf, ownKey } from "./keys.js";
import { abortedError, publishedText, readOutcome, type Outcome } from "./outcome.js";
import { encode, fitting } from "./payload.js";
import { publishKey } from "./publish-key.js";

type Publish = Command & { do: "publish" };

/** A draft of one's own. */
type OwnDraft = { -readonly [Part in keyof Draft]: Draft[Part] };

/** One publish, from its place in the order of its connection's publishes to a channel up to its answer. */
export class Publishing implements HandedOver, JobBase {
  /** What is to be appended, once that is known. */
  #draft: OwnDraft | undefined;
  readonly #connection: Caller;
  readonly #command: Publish;
  readonly #session: ChannelSession;
  readonly #gate: Gate;
  readonly #turn: number;
  /** The publish was first sent after this time, on the monotonic clock. */
  readonly #sent: number;
  /** Until when the publish may be appended, on the monotonic clock. */
  #until = Infinity;
  #key: Key | undefined;
  /** Whether the log knows the publish already. */
  #isKnown = false;
  /** Bytes that the publish holds until it is answered. */
  #held: number;

  /** Comes to the gate, or through a new one where it is the retry of what shut that, or nothing before it is unanswered. */
  constructor(connection: Caller, command: Publish, session: ChannelSession, sent: number) {
    const { idem, first } = command;
    if (idem !== undefined && session.gate.shut && session.gate.opensFor(idem, first))
      session.gate = new Gate();
    this.#connection = connection;
    this.#command = command;
    this.#session = session;
    this.#gate = session.gate;
    this.#sent = sent;
    // Bytes are held since the publish has come.
    this.#held = command.bytes?.length ?? 0;
    this.#turn = this.#gate.turn();
  }

  /** The checks in their order; hooks that return at once cost no turn. */
  run(): void | PromiseLike<void> {
    const { node, identity } = this.#connection;
    if (identity === undefined) return undefined;
    if (this.aborted()) throw abortedError();
    const resolved = mustResolve(this.#connection, this.#command.channel);
    const { kind, log, allow, schema, onPublish } = resolved.def;
    if (kind.by === "room") throw notPublished(resolved.name, kind);
    if (this.#command.idem !== undefined && log.dedupe > 0) {
      mustBeInTime(this.#command, node.clock.monotonic() - this.#sent, log.dedupe);
      this.#until = this.#sent + log.dedupe;
    }
    const { json, bytes, data } = this.#command;
    const sent = json === undefined ? encode(bytes ?? data, kind, node) : fitting(json, node);
    if (bytes === undefined) {
      this.#held = sent.length;
      this.#connection.hold(this.#held);
    }
    if (kind.by === "slots") return this.#change(identity, resolved, kind, sent);
    if (allow === undefined && schema === undefined && onPublish === undefined) {
      this.#countIfNew(resolved);
      return this.#handOver(identity, resolved, sent, sent);
    }
    return this.#judge(identity, resolved, sent);
  }

  /** Counted before a hook saves anything: what a hook let pass is not refused any more for what the channel's name costs. */
  #countIfNew({ name, def }: ResolvedChannel): void {
    if (def.kind.logged) this.#connection.node.newChannels.use(this.#connection, name);
  }

  /** Asks the application: `allow`, then schema and hook. */
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
        return this.#answerOr(
          this.#keyIn(identity, resolved, sent),
          resolved,
          // Which payload goes with the key does not matter any more.
          () => this.#handOver(identity, resolved, sent, sent),
          () => this.#call(identity, resolved, context, sent),
        );
      return this.#call(identity, resolved, context, sent);
    });
  }

  /** Whether the log may know the publish already. */
  get #isRetry(): boolean {
    return this.#command.idem !== undefined && this.#command.age > 0;
  }

  /**
   * On a channel of keys: what is to be changed is read first, since `allow` is asked about each key. Changes that depend on what
   * the keys hold are decided in the order of the log, where that is known.
   */
  #change(
    identity: Identity,
    resolved: ResolvedChannel,
    kind: SlotsKind,
    sent: Payload,
  ): void | PromiseLike<void> {
    const { node } = this.#connection;
    const { json, bytes, data } = this.#command;
    const request = kind.request(json === undefined ? (bytes ?? data) : JSON.parse(json));
    const context = contextOf(this.#connection, identity, resolved);
    return andThen(mustAllowChange(node, context, resolved, request), () => {
      this.#countIfNew(resolved);
      const key = (): string => publishKey(node, identity, this.#command);
      const again = (): ChangeRequest => kind.request(JSON.parse(sent as string));
      const way = wayOf({ node, resolved, kind, context, key }, request, again);
      const go = (changes: readonly Change[] | Dependence): void =>
        this.#handOverChanges(identity, resolved, sent, request, changes);
      if (!("decide" in way)) return andThen(way.changes, go);
      if (!this.#isRetry) return go(way);
      const known = (): void => go(NO_CHANGE);
      return this.#answerOr(this.#keyIn(identity, resolved, sent), resolved, known, () => go(way));
    });
  }

  #handOverChanges(
    identity: Identity,
    resolved: ResolvedChannel,
    sent: Payload,
    { if: conditions }: ChangeRequest,
    changes: readonly Change[] | Dependence,
  ): void {
    const { node, closed } = this.#connection;
    // No hook has been called that could have saved it.
    if (closed) return;
    this.#draft = this.#draftOf(this.#key ?? this.#keyIn(identity, resolved, sent), "", identity, resolved);
    handOverChanges(node, resolved, { base: this, order: this.#session, conditions, changes });
  }

  /**
   * A retry that is in the log already has had its hook called, and is answered from there: `known` hands it over like all others,
   * so that answers keep their order. Otherwise `go` goes on.
   */
  async #answerOr(
    key: Key,
    resolved: ResolvedChannel,
    known: () => void,
    go: () => void | PromiseLike<void>,
  ): Promise<void> {
    this.#key = key;
    if (!(await isKnown(this.#connection.node.broker, resolved, key))) return go();
    this.#isKnown = true;
    return known();
  }

  #keyIn(identity: Identity, resolved: ResolvedChannel, sent: Payload): Key {
    const { idem } = this.#command;
    return idem === undefined
      ? ownKey(this.#connection.node)
      : keyOf(this.#connection, identity, resolved, idem, sent);
  }

  /** Asks the schema and the hook, and hands over what they make of the data. */
  #call(
    identity: Identity,
    resolved: ResolvedChannel,
    context: Context,
    sent: Payload,
  ): void | PromiseLike<void> {
    const { node } = this.#connection;
    const { schema, onPublish } = resolved.def;
    const { json, bytes, data } = this.#command;
    // Whether there is room for the key is known before the hook saves anything.
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
        // A schema or hook may have changed the data in place.
        (value) => this.#handOver(identity, resolved, sent, this.#encodeJudged(value, resolved)),
      ),
    );
  }

  /** The payload that schema and hook have made. Where it is no message, the application has to hear of that. */
  #encodeJudged(value: unknown, { name, def }: ResolvedChannel): Payload {
    const { node } = this.#connection;
    try {
      return encode(value, def.kind, node);
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
    // A message that a hook let pass may be saved. It goes on to the log, whoever is left to hear the answer: otherwise it
    // would be saved, and told to nobody until its publisher comes back, if ever.
    if (closed && resolved.def.onPublish === undefined) return;
    const key = this.#key ?? this.#keyIn(identity, resolved, sent);
    this.#draft = this.#draftOf(key, data, identity, resolved);
    handOver(node, resolved, this.#draft, this, identity.userId ?? client);
  }

  #draftOf(key: Key, data: Payload, identity: Identity, { def }: ResolvedChannel): OwnDraft {
    const meta = metaOf(identity, def.sender, this.#command.idem);
    const draft: OwnDraft = meta === undefined ? { data, key } : { data, meta, key };
    // Where the key was forgotten since it was asked about, nothing is appended any more.
    if (this.#isKnown) draft.within = ONLY_IF_KNOWN;
    return draft;
  }

  draftAt(now: number): Draft | undefined {
    const draft = this.#draft;
    if (draft === undefined || this.#isKnown || this.#until === Infinity) return draft;
    draft.within = this.#until - now;
    return draft.within > 0 ? draft : undefined;
  }

  aborted(): boolean {
    return this.#command.idem !== undefined && this.#gate.aborts(this.#turn);
  }

  /** The client is not left without an answer: what fails here ends the connection. */
  done(outcome: Outcome): void {
    try {
      this.#answer(outcome);
    } catch (error) {
      this.#connection.abandon(error);
    }
  }

  refused(thrown: unknown): void {
    try {
      this.failed(thrown);
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
    const ok = publishedText(result);
    this.#release();
    this.#connection.reply(id, ok, ok.length);
    this.#connection.sessions.tidy(channel);
  }

  failed(thrown: unknown): void {
    const { id, channel, idem } = this.#command;
    const error = presentable(this.#connection, thrown, "publish");
    // What was aborted follows one that failed, and that one has shut what there was to shut: since then its retry may have passed.
    if (error.retry && idem !== undefined && error.code !== "aborted") {
      this.#gate.shutFor(this.#turn, idem);
      // The retry of a later publish may have opened a new gate already: this one came before all that passed the new one.
      const now = this.#connection.sessions.get(channel)?.gate;
      if (now !== this.#gate) now?.shutFor(0, idem);
    }
    this.#release();
    this.#connection.fail(id, error);
    this.#connection.sessions.tidy(channel);
  }

  /** Gives back what the publish holds, before it is answered: with the answer, commands go on that waited for that room. */
  #release(): void {
    this.#gate.settled();
    this.#connection.hold(-this.#held);
  }
}

/** Who published a message, as the text that stands beside it. */
function metaOf(
  { userId, sender }: Identity,
  withSender: boolean,
  idem: number | string | undefined,
): string | undefined {
  if (withSender) return JSON.stringify({ from: userId, sender, idem });
  return userId === undefined ? undefined : JSON.stringify({ from: userId });
}
