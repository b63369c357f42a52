import {
  type Clock,
  type Cursor,
  type ErrorBody,
  type EventFrame,
  type Kind,
  type Member,
  type MembersResult,
  type MessageFrame,
  type Random,
  type StartAt,
  type SubscribeOptions,
  type SubscribeResult,
  type Timer,
  formatCursor,
  parseCursor,
} from "../protocol/index.js";
import { Backoff, type BackoffBounds } from "./backoff.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Message, messageFrom } from "./message.js";
import { Presence, type PresenceHost } from "./presence.js";
import type { Wire } from "./wire.js";

/** One handle on a subscription, as the subscription sees it. */
export interface Sink {
  message(message: Message): void;
  gap(gap: Gap): void;
  subscribed(how: Subscribed): void;
  presence(event: "join" | "leave" | "members", members: readonly Member[]): void;
  /** The server refused the subscription, or ended it: `was` says which. */
  refused(error: TidemarkError, was: "asked" | "on"): void;
  /** Nothing more will come, because the client was closed. */
  ended(error: TidemarkError): void;
  failed(error: TidemarkError): void;
}

/** Messages may be missing between two places of a stream. */
export interface Gap {
  /** The last offset that was certain. */
  readonly after: number;
  /** Delivery goes on behind this offset. */
  readonly until: number;
  readonly reason: Extract<EventFrame, { event: "gap" }>["reason"];
}

/** How a subscription began, or came back. */
export interface Subscribed {
  /** True when it went on from where it was before. */
  readonly resumed: boolean;
  /** False when `last` or `since` asked for messages that the log does not have any more. */
  readonly complete: boolean;
}

/** What all subscriptions of a client share. */
export interface SubscriptionHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffBounds;
  readonly wire: Wire;
  /** Messages and events of this channel number are for `subscription` from now on. */
  bind(ch: number, subscription: Subscription): void;
  unbind(ch: number): void;
  remove(subscription: Subscription): void;
}

type State =
  /** Not asked for on this connection. */
  | { readonly at: "idle" }
  | { readonly at: "asked" }
  | { readonly at: "on"; readonly ch: number }
  /** Refused for the moment; asked again when the timer goes off. */
  | { readonly at: "waiting"; readonly timer: Timer }
  /** Refused for good. */
  | { readonly at: "refused"; readonly error: TidemarkError }
  | { readonly at: "ended" };

/** One channel's subscription over all connections, shared by the handles on it. It ends with the last of them. */
export class Subscription implements PresenceHost {
  readonly name: string;
  readonly kind: Kind;
  readonly #host: SubscriptionHost;
  readonly #start: StartAt;
  readonly #backoff: Backoff;
  readonly #presence = new Presence(this);
  #state: State = { at: "idle" };
  #sinks: readonly Sink[] = [];
  #cursor: Cursor | undefined;

  constructor(host: SubscriptionHost, name: string, kind: Kind, start: StartAt) {
    this.#host = host;
    this.name = name;
    this.kind = kind;
    this.#start = start;
    this.#backoff = new Backoff(host.backoff, host.random);
  }

  get at(): State["at"] {
    return this.#state.at;
  }

  /** Whether there are handles on it. One that the server made by itself has none until the application asks. */
  get used(): boolean {
    return this.#sinks.length > 0;
  }

  get cursor(): string | undefined {
    return this.#cursor && formatCursor(this.#cursor);
  }

  get members(): readonly Member[] {
    return this.#presence.members;
  }

  get memberCount(): number {
    return this.#presence.total;
  }

  /** Adds a handle. What became of the subscription before, the handle learns from the error that is returned. */
  add(sink: Sink): TidemarkError | undefined {
    this.#sinks = [...this.#sinks, sink];
    return this.#state.at === "refused" ? this.#state.error : undefined;
  }

  /** Takes a handle off. The last one ends the subscription, unless there is another within this microtask. */
  remove(sink: Sink): void {
    this.#sinks = this.#sinks.filter((other) => other !== sink);
    queueMicrotask(() => {
      if (this.#sinks.length === 0) this.#end();
    });
  }

  /** What to subscribe with: where it got to, or else where it was to begin. */
  options(): SubscribeOptions {
    return { kind: this.kind, ...(this.#cursor === undefined ? this.#start : { cursor: formatCursor(this.#cursor) }) };
  }

  /** It is part of a connect command that is on its way. */
  asked(): void {
    if (this.#state.at === "idle") this.#state = { at: "asked" };
  }

  /** Asks for it on an open connection, where that has not been done. */
  ask(): void {
    if (this.#state.at !== "idle" || !this.used || !this.#host.wire.open) return;
    this.#state = { at: "asked" };
    const options = JSON.stringify(this.options()).slice(1, -1);
    this.#host.wire.request(`"subscribe":${JSON.stringify(this.name)},${options}`, {
      ok: (result) => this.confirm(result as SubscribeResult),
      error: (error) => this.refuse(error),
      lost: () => {},
    });
  }

  /** The server has subscribed it, asked or by itself. */
  confirm(result: SubscribeResult): void {
    if (this.#state.at === "ended") return;
    if (result.kind !== this.kind) {
      this.unsubscribe();
      const message = `${this.name} is a ${result.kind} channel, not a ${this.kind} channel`;
      this.#refuse(new TidemarkError("wrong_kind", message, { channel: this.name }));
      return;
    }
    this.#clearTimer();
    this.#backoff.reset();
    const resumed = this.#cursor !== undefined;
    if (this.kind === "stream") this.#begin(parseCursor(result.cursor ?? ""));
    this.#state = { at: "on", ch: result.ch };
    this.#host.bind(result.ch, this);
    this.#tell((sink) => sink.subscribed({ resumed, complete: result.complete ?? true }));
    if (result.presence) this.#presence.ask();
  }

  /** Another epoch's cursor counts, in the same one nothing that was applied is taken back. */
  #begin(from: Cursor | undefined): void {
    if (from === undefined) throw new Error(`no cursor for ${this.name}`);
    const at = this.#cursor;
    if (at?.epoch !== from.epoch || at.offset < from.offset) this.#cursor = from;
  }

  /** The server did not subscribe it. */
  refuse(body: ErrorBody): void {
    // `on`: the server was faster to subscribe it by itself. `ended`: nobody wants to know.
    if (this.#state.at !== "asked") return;
    if (!body.retry) {
      this.#refuse(fromReply(body, this.name));
      return;
    }
    const delay = body.after ?? this.#backoff.next();
    const timer = this.#host.clock.setTimeout(() => {
      this.#state = { at: "idle" };
      this.ask();
    }, delay);
    this.#state = { at: "waiting", timer };
  }

  #refuse(error: TidemarkError): void {
    const was = this.#state.at === "on" ? "on" : "asked";
    this.#state = { at: "refused", error };
    // One that the server made by itself is forgotten; the next handle asks for its own.
    if (!this.used) this.#host.remove(this);
    this.#tell((sink) => sink.refused(error, was));
  }

  /** The connection is gone. */
  down(): void {
    this.#clearTimer();
    switch (this.#state.at) {
      case "asked":
      case "on":
      case "waiting":
        this.#state = { at: "idle" };
        break;
      case "idle":
      case "refused":
      case "ended":
        break;
    }
  }

  message([, offset, data, meta]: MessageFrame): void {
    // Everything in the log comes once; what is not in a log has offset 0.
    if (offset > 0) {
      if (this.#cursor === undefined || offset <= this.#cursor.offset) return;
      this.#cursor = { epoch: this.#cursor.epoch, offset };
    }
    const message = messageFrom(offset, data, meta, this.#host.clock.now());
    for (const sink of this.#sinks) sink.message(message);
  }

  event(event: Exclude<EventFrame, { event: "goaway" | "subscribed" }>): void {
    switch (event.event) {
      case "gap":
        this.#cursor = { epoch: event.epoch, offset: event.until };
        this.#tell((sink) => sink.gap({ after: event.after, until: event.until, reason: event.reason }));
        break;
      case "unsubscribed":
        this.#host.unbind(event.ch);
        this.#refuse(new TidemarkError(event.code, event.message, { channel: this.name }));
        break;
      case "join":
      case "leave":
      case "members":
        this.#presence.change(event);
        break;
    }
  }

  askMembers(): void {
    const asked = this.#state;
    this.#host.wire.request(`"members":${JSON.stringify(this.name)}`, {
      ok: (result) => {
        if (this.#state === asked) this.#presence.adopt(result as MembersResult);
      },
      error: (error) => {
        if (this.#state !== asked) return;
        if (error.retry) {
          this.#host.clock.setTimeout(() => {
            if (this.#state === asked) this.askMembers();
          }, error.after ?? this.#backoff.next());
        } else {
          this.#tell((sink) => sink.failed(fromReply(error, this.name)));
        }
      },
      lost: () => {},
    });
  }

  presence(event: "join" | "leave" | "members", members: readonly Member[]): void {
    this.#tell((sink) => sink.presence(event, members));
  }

  /** The client is closed. */
  close(error: TidemarkError): void {
    this.#clearTimer();
    this.#state = { at: "ended" };
    this.#tell((sink) => sink.ended(error));
  }

  #tell(tell: (sink: Sink) => void): void {
    for (const sink of this.#sinks) tell(sink);
  }

  #end(): void {
    const state = this.#state;
    if (state.at === "ended") return;
    this.#clearTimer();
    this.#state = { at: "ended" };
    this.#host.remove(this);
    if (state.at === "on") this.#host.unbind(state.ch);
    // In a connect command that is on its way it can be undone only when the answer is there.
    if (state.at === "on" || (state.at === "asked" && this.#host.wire.open)) this.unsubscribe();
  }

  unsubscribe(): void {
    this.#host.wire.request(`"unsubscribe":${JSON.stringify(this.name)}`, {
      ok: () => {},
      error: () => {},
      lost: () => {},
    });
  }

  #clearTimer(): void {
    if (this.#state.at === "waiting") this.#host.clock.clearTimeout(this.#state.timer);
  }
}
