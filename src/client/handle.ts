import type { HistoryOptions, HistoryResult, Member } from "../protocol/index.js";
import type { Core } from "./core.js";
import { createEmitter } from "./emitter.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Inbox, createInbox } from "./inbox.js";
import type { Published } from "./lane.js";
import { type Message, messageFrom } from "./message.js";
import type { Outbox } from "./outbox.js";
import { type Payload, payloadOf } from "./payload.js";
import type { Questions } from "./questions.js";
import type { Sink, Subscription, SubscriptionEvents } from "./subscription.js";
import type { History, Stream, StreamEvents } from "./types.js";

/** What handles use of their client. */
export interface HandleHost extends Core {
  readonly outbox: Outbox;
  readonly questions: Questions;
  /** @throws {TidemarkError} why the client is closed, when it is */
  readonly checkOpen: () => void;
  /** An error that no listener of the handle's took. */
  readonly report: (error: TidemarkError) => void;
  readonly handlerFailed: (thrown: unknown) => void;
}

/** How many messages wait for the first listener of a handle, and by default for an iterator's reader. */
const DEFAULT_BUFFER = 1000;

/**
 * A handle of either kind; the types that applications see say what can be done with which. The payloads' types are
 * the app's word: the server checks what it takes and gives.
 */
export function createHandle(host: HandleHost, subscription: Subscription, buffer = DEFAULT_BUFFER): Stream {
  const { name, kind } = subscription;
  const events = createEmitter<StreamEvents<unknown>>(host.handlerFailed);
  const inboxes = new Set<Inbox>();
  const closed = new TidemarkError("closed", `this handle on ${name} was closed`, { channel: name });
  let open = true;
  /** Why nothing more comes, if so. */
  let over: { readonly error: TidemarkError | undefined } | undefined;
  /** Messages that came before anybody could listen; `undefined` once somebody does, or is too late. */
  let early: Message[] | undefined = [];
  let resolveReady: () => void;
  let rejectReady: (error: TidemarkError) => void;
  const ready = new Promise<void>((resolve, reject) => {
    resolveReady = resolve;
    rejectReady = reject;
  });
  // Whoever awaits it gets the error; with nobody awaiting it, the error event is enough.
  ready.catch(() => {});

  function message(next: Message): void {
    if (!open) return;
    if (!early) {
      events.emit("message", next);
      for (const inbox of inboxes) inbox.push(next);
    } else if (early.push(next) > DEFAULT_BUFFER) {
      early = undefined;
    }
  }

  function deliverEarly(): void {
    const waiting = early ?? [];
    early = undefined;
    waiting.forEach(message);
  }

  /** What comes from now on has had its chance to be listened to: a turn, so that `await chat.ready` works. */
  function isReady(): void {
    resolveReady();
    host.clock.setImmediate(deliverEarly);
  }

  function finish(reason: TidemarkError, error?: TidemarkError): void {
    over = { error };
    for (const inbox of inboxes) inbox.end(error);
    inboxes.clear();
    rejectReady(reason);
  }

  function failed(error: TidemarkError): void {
    if (events.has("error")) events.emit("error", error);
    else host.report(error);
  }

  const sink: Sink = {
    message,
    tell<Name extends keyof SubscriptionEvents>(about: Name, value: SubscriptionEvents[Name]) {
      if (!open) return;
      if (about === "subscribed") isReady();
      if (about === "gap") for (const inbox of inboxes) inbox.gap(value as SubscriptionEvents["gap"]);
      events.emit(about, value as StreamEvents<unknown>[Name]);
    },
    failed,
    over(error, why) {
      if (!open) return;
      finish(error, error.code === "closed" ? undefined : error);
      if (why === "refused") failed(error);
      else if (why === "unsubscribed") events.emit(why, error);
    },
  };

  function check(): void {
    if (!open) throw closed;
    host.checkOpen();
  }

  async function history(options?: HistoryOptions): Promise<History<unknown>> {
    check();
    const body = JSON.stringify({ history: name, ...options }).slice(1, -1);
    const { entries, complete, more } = (await host.questions.ask(body, true)) as HistoryResult;
    const messages = entries.map(([offset, data, meta]) => messageFrom(offset, data, meta, host.wire.me));
    return { messages, complete, more };
  }

  /** Without a log there is nothing to retry with: once, to those who are there. */
  function send({ body, bytes, size }: Payload): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (!host.wire.open) {
        reject(new TidemarkError("offline", "there is no connection", { retry: true, channel: name }));
        return;
      }
      const problem = host.wire.tooLarge(size, host.wire.limits.message);
      if (problem) {
        reject(problem);
        return;
      }
      host.wire.request(
        `"publish":${JSON.stringify(name)},${body}`,
        (error) => (!error ? resolve({ offset: 0 }) : reject(fromReply(error, name))),
        bytes,
      );
    });
  }

  async function publish(data: unknown, idem: number): Promise<Published> {
    check();
    const payload = payloadOf(data);
    // A handle made in this turn is subscribed first, so that it gets what it publishes.
    subscription.ask();
    return kind === "stream" ? host.outbox.publish(name, payload, idem) : send(payload);
  }

  const refused = subscription.add(sink);
  if (refused) queueMicrotask(() => sink.over(refused, "refused"));
  else if (subscription.at() === "on") isReady();

  return {
    name,
    ready,
    get cursor(): string | undefined {
      return subscription.cursor();
    },
    get members(): readonly Member[] {
      return subscription.members();
    },
    get memberCount(): number {
      return subscription.memberCount();
    },
    on<Name extends keyof StreamEvents<unknown>>(
      about: Name,
      listener: (value: StreamEvents<unknown>[Name]) => void,
    ) {
      if (about === "message") queueMicrotask(deliverEarly);
      return events.on(about, listener);
    },
    publish(data) {
      const idem = host.outbox.number(name);
      const answer = publish(data, idem);
      // What a transient channel loses is not missed by anyone: an application need not look.
      if (kind === "transient") answer.catch(() => {});
      return Object.assign(answer, { idem });
    },
    history,
    close() {
      if (!open) return;
      open = false;
      finish(closed);
      subscription.remove(sink);
    },
    [Symbol.asyncIterator]() {
      const log = {
        read: (after: number) => history({ after, limit: 1000 }),
        gap: (gap: SubscriptionEvents["gap"]) => sink.tell("gap", gap),
      };
      const inbox = createInbox(buffer, kind === "stream" ? log : undefined, (ended) =>
        inboxes.delete(ended),
      );
      inboxes.add(inbox);
      deliverEarly();
      if (over) inbox.end(over.error);
      return inbox;
    },
  };
}
