import {
  type HistoryOptions,
  type Member,
  type StartAt,
  formatCursor,
  parseCursor,
} from "../protocol/index.js";
import type { Beginning } from "./beginning.js";
import { createEmitter } from "./emitter.js";
import { TidemarkError, handlerError, messageOf } from "./errors.js";
import type { History } from "./history.js";
import type { ClientHost } from "./host.js";
import type { Inbox } from "./inbox.js";
import type { ClientKind } from "./kinds/kind.js";
import { createLateInbox } from "./late-inbox.js";
import type { Message } from "./message.js";
import { payloadOf } from "./payload.js";
import type { Published } from "./published.js";
import type { Gap, Sink, Subscribed, SubscriptionEvents } from "./sink.js";
import type { Stream, StreamEvents } from "./types.js";

/** How many messages wait for the first listener of a handle, and by default for an iterator's reader. */
const DEFAULT_BUFFER = 1000;

/**
 * A handle on a channel of any kind; the types that applications see say what can be done with which. The payloads' types are
 * the app's word: the server checks what it takes and gives.
 *
 * @throws {TidemarkError} as `subscribe` of the host
 */
export function createHandle(
  host: ClientHost,
  kind: ClientKind,
  channel: string,
  start: StartAt,
  buffer = DEFAULT_BUFFER,
): Stream {
  const subscription = host.subscribe(channel, kind, start);
  const { name } = subscription;
  let open = true;
  const events = createEmitter<StreamEvents<unknown>>((thrown) => host.report(handlerError(thrown)));
  const { emit } = events;
  const inboxes = new Set<Inbox>();
  const closed = new TidemarkError("closed", `this handle on ${name} was closed`, { channel: name });
  /** Why nothing more comes, if so. */
  let over: { readonly error: TidemarkError | undefined } | undefined;
  /** Messages that came before anybody could listen; `undefined` once somebody does, or is too late. */
  let early: Message[] | undefined = [];
  /** Whether it is elsewhere than its subscription, which shares another handle's beginning. */
  let apart = false;
  let beginning: Beginning | undefined;
  let loading: Promise<void> | undefined;
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
      emit("message", next);
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
    if (events.has("error")) emit("error", error);
    else host.report(error);
  }

  function subscribed(how: Subscribed): void {
    // What was refused may be allowed later.
    over = undefined;
    isReady();
    emit("subscribed", how);
  }

  function gap(next: Gap): void {
    for (const inbox of inboxes) inbox.gap(next);
    emit("gap", next);
  }

  /** Says whether it is told later that it is subscribed: when it is known where it begins. */
  function begin(): boolean {
    if (!apart || beginning) return beginning?.begin() ?? false;
    loading ??= load().catch(cannotBegin);
    return true;
  }

  /** Few pages need it. */
  async function load(): Promise<void> {
    const { createBeginning } = await host.chunks.beginning();
    beginning = createBeginning(start, {
      ...host,
      cursor: subscription.cursor,
      from: parseCursor(start.cursor ?? ""),
      read: history as NonNullable<typeof history>,
      subscribed,
      message,
      gap,
      failed,
      done,
    });
    if (open && !over) beginning.begin();
  }

  function done(): void {
    apart = false;
    beginning = undefined;
  }

  function cannotBegin(cause: unknown): void {
    done();
    sink.tell("subscribed", { resumed: false, complete: false });
    failed(new TidemarkError("unavailable", messageOf(cause), { retry: false, channel: name, cause }));
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
        else if (!apart) gap(value as Gap);
      } else emit(about, value as StreamEvents<unknown>[Name]);
    },
    failed,
    over(error, why) {
      // Whoever was told does not hear the same from the next connection.
      if (!open || (over && why === "refused")) return;
      finish(error, error.code === "closed" ? undefined : error);
      if (why === "refused") failed(error);
      else if (why === "unsubscribed") emit(why, error);
    },
  };

  function check(): void {
    if (!open) throw closed;
    host.check();
  }

  async function publish(data: unknown, n: number): Promise<Published> {
    check();
    const payload = payloadOf(data);
    // A handle made in this turn is subscribed first, so that it gets what it publishes.
    subscription.ask();
    return kind.send(name, payload, n);
  }

  const { read } = kind;
  const history =
    read &&
    (async (options?: HistoryOptions): Promise<History<unknown>> => {
      check();
      return read(name, options);
    });

  apart = subscription.add(sink, start);

  const handle = {
    name,
    ready,
    get cursor(): string | undefined {
      const place = (apart ? beginning : subscription)?.cursor();
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
    publish(data: unknown) {
      const idem = host.number(name);
      const answer = publish(data, idem);
      // An application need not look at what came of what nobody misses.
      if (!read) answer.catch(() => {});
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
      const past = history && {
        read: (after: number) => history({ after, limit: 1000 }),
        gap: (missed: Gap) => void (open && gap(missed)),
      };
      const inbox = createLateInbox(host.chunks.inbox, buffer, past, (ended) => inboxes.delete(ended));
      inboxes.add(inbox);
      deliverEarly();
      if (over) inbox.end(over.error);
      return inbox;
    },
  };
  // What a kind has not got, the type of its handles does not have either.
  return handle as Stream;
}
