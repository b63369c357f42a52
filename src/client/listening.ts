import { type Emitter, createEmitter } from "./emitter.js";
import { type TidemarkError, handlerError } from "./errors.js";
import { type Inbox, type Log, createInbox } from "./inbox.js";
import type { Message } from "./message.js";
import type { Gap } from "./sink.js";
import type { StreamEvents } from "./types.js";

/** What the application hears of a handle: by listeners, and by iterators. Messages wait for the first of either. */
export interface Listening extends Emitter<StreamEvents<unknown>> {
  readonly message: (message: Message) => void;
  readonly gap: (gap: Gap) => void;
  /** From now on messages wait for nobody. */
  readonly flush: () => void;
  /** One more iterator, which holds so many messages; see `createInbox`. */
  readonly iterate: (buffer: number, log: Log | undefined) => Inbox;
  /** Ends the iterators that there are, with an error or without one. */
  readonly end: (error: TidemarkError | undefined) => void;
}

/** How many messages wait for the first listener. */
const MAX_EARLY = 1000;

/**
 * @param open whether the handle is: else no message is told
 * @param report takes the errors that stand for what listeners have thrown
 */
export function createListening(open: () => boolean, report: (error: TidemarkError) => void): Listening {
  const events = createEmitter<StreamEvents<unknown>>((thrown) => report(handlerError(thrown)));
  const inboxes = new Set<Inbox>();
  /** Messages that came before anybody could listen; `undefined` once somebody does, or is too late. */
  let early: Message[] | undefined = [];

  function message(next: Message): void {
    if (!open()) return;
    if (!early) {
      events.emit("message", next);
      for (const inbox of inboxes) inbox.push(next);
    } else if (early.push(next) > MAX_EARLY) {
      early = undefined;
    }
  }

  function flush(): void {
    const waiting = early ?? [];
    early = undefined;
    waiting.forEach(message);
  }

  return {
    ...events,
    on(name, listener) {
      if (name === "message") queueMicrotask(flush);
      return events.on(name, listener);
    },
    message,
    gap(next) {
      for (const inbox of inboxes) inbox.gap(next);
      events.emit("gap", next);
    },
    flush,
    iterate(buffer, log) {
      const inbox = createInbox(buffer, log, (ended) => inboxes.delete(ended));
      inboxes.add(inbox);
      flush();
      return inbox;
    },
    end(error) {
      for (const inbox of inboxes) inbox.end(error);
      inboxes.clear();
    },
  };
}
