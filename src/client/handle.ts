import type { Clock, HistoryOptions, HistoryResult, Member } from "../protocol/index.js";
import { Emitter } from "./emitter.js";
import { TidemarkError } from "./errors.js";
import { Inbox, type Log } from "./inbox.js";
import type { Published } from "./lane.js";
import { type Message, messageFromEntry } from "./message.js";
import type { Outbox } from "./outbox.js";
import { payloadOf } from "./payload.js";
import type { Questions } from "./questions.js";
import type { Gap, Sink, Subscribed, Subscription } from "./subscription.js";
import type { History, Off, Stream, StreamEvents } from "./types.js";
import type { Wire } from "./wire.js";

/** What handles use of their client. */
export interface HandleHost {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly outbox: Outbox;
  readonly questions: Questions;
  /** Why the client is closed, when it is. */
  readonly closed: () => TidemarkError | undefined;
  readonly report: (error: TidemarkError) => void;
  readonly handlerFailed: (thrown: unknown) => void;
}

/** How many messages wait for the first listener of a handle, and by default for an iterator's reader. */
const DEFAULT_BUFFER = 1000;

/** What both kinds of handle have in common: a view on a shared subscription. */
export class Handle implements Sink {
  readonly name: string;
  readonly ready: Promise<void>;
  protected readonly host: HandleHost;
  protected readonly subscription: Subscription;
  readonly #events: Emitter<StreamEvents<unknown>>;
  readonly #buffer: number;
  readonly #inboxes = new Set<Inbox>();
  #resolveReady: () => void = () => {};
  #rejectReady: (error: TidemarkError) => void = () => {};
  /** Messages that came before anybody could listen; `undefined` once somebody does, or is too late. */
  #early: Message[] | undefined = [];
  /** Why nothing more comes, if so. */
  #over: { readonly error: TidemarkError | undefined } | undefined;
  #closed = false;

  constructor(host: HandleHost, subscription: Subscription, buffer: number = DEFAULT_BUFFER) {
    this.host = host;
    this.subscription = subscription;
    this.name = subscription.name;
    this.#buffer = buffer;
    this.#events = new Emitter(host.handlerFailed);
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever awaits it gets the error; with nobody awaiting it, the error event is enough.
    this.ready.catch(() => {});
    const refused = subscription.add(this);
    if (refused !== undefined) queueMicrotask(() => this.refused(refused, "asked"));
    else if (subscription.at === "on") this.#isReady();
  }

  get members(): readonly Member[] {
    return this.subscription.members;
  }

  get memberCount(): number {
    return this.subscription.memberCount;
  }

  on<Name extends keyof StreamEvents<unknown>>(
    name: Name,
    listener: (value: StreamEvents<unknown>[Name]) => void,
  ): Off {
    const off = this.#events.on(name, listener);
    if (name === "message") queueMicrotask(() => this.#deliverEarly());
    return off;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#finish(undefined);
    this.#rejectReady(this.closedError());
    this.subscription.remove(this);
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    const inbox = new Inbox(this.#buffer, this.log(), (ended) => this.#inboxes.delete(ended));
    this.#inboxes.add(inbox);
    this.#deliverEarly();
    if (this.#over !== undefined) inbox.end(this.#over.error);
    return inbox;
  }

  message(message: Message): void {
    if (this.#closed) return;
    if (this.#early !== undefined) {
      this.#early.push(message);
      if (this.#early.length > DEFAULT_BUFFER) this.#early = undefined;
      return;
    }
    this.#events.emit("message", message);
    for (const inbox of this.#inboxes) inbox.push(message);
  }

  gap(gap: Gap): void {
    if (this.#closed) return;
    for (const inbox of this.#inboxes) inbox.gap(gap);
    this.#events.emit("gap", gap);
  }

  subscribed(how: Subscribed): void {
    if (this.#closed) return;
    this.#isReady();
    this.#events.emit("subscribed", how);
  }

  presence(event: "join" | "leave" | "members", members: readonly Member[]): void {
    if (!this.#closed) this.#events.emit(event, members);
  }

  refused(error: TidemarkError, was: "asked" | "on"): void {
    if (this.#closed) return;
    this.#finish(error);
    this.#rejectReady(error);
    if (was === "on") this.#events.emit("unsubscribed", error);
    else this.failed(error);
  }

  ended(error: TidemarkError): void {
    this.#finish(error.code === "closed" ? undefined : error);
    this.#rejectReady(error);
  }

  failed(error: TidemarkError): void {
    if (this.#events.has("error")) this.#events.emit("error", error);
    else this.host.report(error);
  }

  /** Where iterators read on; without a log, they do not. */
  protected log(): Log | undefined {
    return undefined;
  }

  /** Why nothing can be sent any more, if so. */
  protected overError(): TidemarkError | undefined {
    return this.#closed ? this.closedError() : this.host.closed();
  }

  protected closedError(): TidemarkError {
    return new TidemarkError("closed", `this handle on ${this.name} was closed`, { channel: this.name });
  }

  #finish(error: TidemarkError | undefined): void {
    this.#over = { error };
    for (const inbox of this.#inboxes) inbox.end(error);
    this.#inboxes.clear();
  }

  /** What comes from now on has had its chance to be listened to: a turn, so that `await chat.ready` works. */
  #isReady(): void {
    this.#resolveReady();
    this.host.clock.setImmediate(() => this.#deliverEarly());
  }

  #deliverEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const message of early) this.message(message);
  }
}

/** A handle on a channel with a log. The payloads' types are the app's word: the server checks what it takes and gives. */
export class StreamHandle extends Handle implements Stream {
  get cursor(): string | undefined {
    return this.subscription.cursor;
  }

  async publish(data: unknown): Promise<Published> {
    const over = this.overError();
    if (over !== undefined) throw over;
    return this.host.outbox.publish(this.name, payloadOf(data));
  }

  async history(options: HistoryOptions = {}): Promise<History<unknown>> {
    const over = this.overError();
    if (over !== undefined) throw over;
    const body = JSON.stringify({ history: this.name, ...options }).slice(1, -1);
    const { entries, complete, more } = (await this.host.questions.ask(body, true)) as HistoryResult;
    return { messages: entries.map(messageFromEntry), complete, more };
  }

  protected override log(): Log {
    return {
      read: (after) => this.history({ after, limit: 1000 }),
      gap: (gap) => this.gap(gap),
    };
  }
}
