/** Which messages are replies to which. */
import type { Entry, Timeline } from "./timeline.js";

type MessageEntry = Extract<Entry, { kind: "message" }>;

/** What is shown of a thread below the message that it began with. */
export interface ThreadInfo {
  readonly replies: number;
  /** When the last reply was written. */
  readonly last: number;
}

/** A message's thread, or one that is to be its root, in words that are the same only for the same message. */
function placeOf(log: number, offset: number): string {
  return `${log} ${offset}`;
}

/**
 * The messages that can be the root of a thread: those that are here and are no replies themselves. A reply whose
 * root is not here stands in the list, among the others: perhaps it is loaded later, perhaps it is no longer kept.
 */
export class Threads {
  readonly #roots = new Set<string>();
  readonly #info = new Map<string, ThreadInfo>();

  constructor(timeline: Timeline) {
    for (const entry of timeline.entries) {
      if (entry.kind !== "message") continue;
      const { message, log } = entry;
      if (message.thread === undefined) this.#roots.add(placeOf(log, message.offset));
      else if (!timeline.amended(message, log).deleted) this.#count(log, message.thread, message.time);
    }
    for (const { thread, time } of timeline.pending) {
      if (thread !== undefined) this.#count(timeline.log, thread, time);
    }
  }

  /** Whether a message is shown in a thread, and not in the list. */
  isReply({ message, log }: Pick<MessageEntry, "message" | "log">): boolean {
    return message.thread !== undefined && this.hasRoot(log, message.thread);
  }

  hasRoot(log: number, offset: number): boolean {
    return this.#roots.has(placeOf(log, offset));
  }

  /** The thread that a message began; undefined while nobody has replied. */
  of(log: number, offset: number): ThreadInfo | undefined {
    return this.#info.get(placeOf(log, offset));
  }

  #count(log: number, root: number, time: number): void {
    const place = placeOf(log, root);
    const before = this.#info.get(place);
    this.#info.set(place, {
      replies: (before?.replies ?? 0) + 1,
      last: Math.max(before?.last ?? 0, time),
    });
  }
}
