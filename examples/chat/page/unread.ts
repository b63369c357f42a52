/** What this user has not read: the messages behind their cursor, and the line where those begin. */
import type { Timeline } from "./timeline.js";
import { callsTo } from "./mentions.js";

export interface Unread {
  readonly count: number;
  /** How many of them call this user. */
  readonly mentions: number;
  /** Whether there are more than are loaded. */
  readonly more: boolean;
}

/** @param readUpTo the offset of the last message that was read; 0 for none */
export function unreadIn(timeline: Timeline, readUpTo: number): Unread {
  let count = 0;
  let mentions = 0;
  for (let i = timeline.entries.length - 1; i >= 0; i--) {
    const entry = timeline.entries[i];
    if (entry?.kind !== "message") continue;
    const { message, log } = entry;
    if (message.offset <= readUpTo) return { count, mentions, more: false };
    if (timeline.isOwn(message)) continue;
    const { deleted, mentions: called } = timeline.amended(message, log);
    if (deleted) continue;
    count++;
    if (callsTo(called, timeline.me)) mentions++;
  }
  return { count, mentions, more: count > 0 && timeline.before === "more" };
}

/** In the list of rooms: at most two digits, and "+" where there are more. */
export function unreadText({ count, more }: Unread): string {
  if (count > 99) return "99+";
  return more ? `${count}+` : String(count);
}

/**
 * Where the line "New messages" is. It appears above the first message that came while nobody looked, and stays
 * there while one reads: until one leaves the room, or says something.
 */
export class NewLine {
  #after: number | undefined;
  #lookedSince = false;

  /** The last message above the line; undefined where there is no line. */
  get after(): number | undefined {
    return this.#after;
  }

  /** The reader has come to a room that they had read up to here. Whoever has read nothing needs no line. */
  enter(readUpTo: number, unread: number): void {
    this.#after = readUpTo > 0 && unread > 0 ? readUpTo : undefined;
  }

  /** A message came while nobody looked; those up to `readUpTo` had been read. */
  missed(readUpTo: number): void {
    if (this.#after === undefined || this.#lookedSince) this.#after = readUpTo;
    this.#lookedSince = false;
  }

  /** Everything is read. The line stays where it is until something else is missed. */
  looked(): void {
    this.#lookedSince = true;
  }

  clear(): void {
    this.#after = undefined;
  }
}
