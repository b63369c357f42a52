import {
  type HistoryOptions,
  type HistoryResult,
  type Member,
  type StartAt,
  formatCursor,
  parseCursor,
} from "../protocol/index.js";
import { createBackoff } from "./backoff.js";
import type { Beginning } from "./beginning.js";
import type { Core } from "./core.js";
import { createEmitter } from "./emitter.js";
import { TidemarkError, fromReply, messageOf } from "./errors.js";
import { type Inbox, createInbox } from "./inbox.js";
import type { Published } from "./channel-outbox.js";
import { type Message, messageFrom } from "./message.js";
import type { Outbox } from "./outbox.js";
import { type Payload, payloadOf } from "./payload.js";
import type { Questions } from "./questions.js";
import type { Gap, Sink, Subscribed, Subscription, SubscriptionEvents } from "./subscription.js";
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
export function createHandle(
  host: HandleHost,
  subscription: Subscription,
  start: StartAt,
  buffer = DEFAULT_BUFFER,
): Stream {
  const { name, kind } = subscription;
  const events = createEmitter<StreamEvents<unknown>>(host.handlerFailed);
  const inboxes = new Set<Inbox>();
  const closed = new TidemarkError("closed", `this handle on ${name} was closed`, { channel: name });
  let open = true;
  /** Why nothing more comes, if so. */
  let over: { readonly error: TidemarkError | undefined } | undefined;
  /** Whether it is elsewhere than its subscription, which shares another handle's beginning. */
  let apart = false;
  let beginning: Beginning | undefined;
  let loading = false;
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
    beginning?.stop();
    for (const inbox of inboxes) inbox.end(error);
    inboxes.clear();
    rejectReady(reason);
  }

  function failed(error: TidemarkError): void {
    if (events.has("error")) events.emit("error", error);
    else host.report(error);
  }

  function subscribed(how: Subscribed): void {
    // What was refused may be allowed later.
    over = undefined;
    isReady();
    events.emit("subscribed", how);
  }

  function tellGap(next: Gap): void {
    for (const inbox of inboxes) inbox.gap(next);
    events.emit("gap", next);
  }

  /** Says whether it is told later that it is subscribed: when it is known where it begins. */
  function begin(): boolean {
    if (!apart || beginning) return beginning?.begin() ?? false;
    if (!loading) {
      loading = true;
      load().catch(cannotBegin);
    }
    return true;
  }

  /** Few pages need it. */
  async function load(): Promise<void> {
    const { createBeginning } = await import("./beginning.js");
    beginning = createBeginning(start, {
      place: subscription.cursor,
      from: parseCursor(start.cursor ?? ""),
      clock: host.clock,
      backoff: () => createBackoff(host.settings.backoff, host.random),
      read: history,
      subscribed,
      message,
      gap: tellGap,
      failed,
      done() {
        apart = false;
        beginning = undefined;
      },
    });
    if (open && !over) beginning.begin();
  }

  function cannotBegin(cause: unknown): void {
    apart = false;
    sink.tell("subscribed", { resumed: false, complete: false });
    sink.failed(new TidemarkError("unavailable", messageOf(cause), { retry: false, channel: name, cause }));
  }

  const sink: Sink = {
    message(next) {
      if (beginning) beginning.hold(next);
      else if (!apart) message(next);
    },
    tell<Name extends keyof SubscriptionEvents>(about: Name, value: SubscriptionEvents[Name]) {
      if (!open) return;
      if (about === "subscribed") {
        if (!begin()) subscribed(value as Subscribed);
      } else if (about === "gap") {
        if (beginning) beginning.hold(value as Gap);
        else if (!apart) tellGap(value as Gap);
      } else events.emit(about, value as StreamEvents<unknown>[Name]);
    },
    failed,
    over(error, why) {
      // Whoever was told does not hear the same from the next connection.
      if (!open || (over && why === "refused")) return;
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

  apart = subscription.add(sink, start);

  return {
    name,
    ready,
    get cursor(): string | undefined {
      const place = apart ? beginning?.place() : subscription.cursor();
      return place && formatCursor(place);
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
        gap: (gap: Gap) => void (open && tellGap(gap)),
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
