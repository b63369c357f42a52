import { MAX_OFFSET } from "../../protocol/index.js";
import { entryKey, offsetOfKey, type Table } from "./environment.js";
import { storedSize } from "./record.js";

export interface EntrySize {
  readonly offset: number;
  readonly size: number;
}

/** How many sizes are held in memory, or read at a time. */
const HELD = 1024;
const READ_AT_ONCE = 128;

/**
 * The offsets and sizes of a log's entries, oldest first: what retention has to know of what it drops. A short log
 * is held whole; of a longer one only the oldest, read from the disk as they are needed, and what is not there yet.
 */
export class OldestEntries {
  readonly #table: Table;
  readonly #channel: number;
  /** The oldest ones; `#start` is the first that is not dropped. */
  #held: EntrySize[] = [];
  #start = 0;
  /** The newest that is held, or was. */
  #heldTo: number;
  /** Newer ones that the disk may not show yet. */
  #recent: EntrySize[] = [];
  /** Whether everything newer than `#heldTo` is in `#recent`. */
  #whole: boolean;

  /** `after` is the offset before the oldest entry, `isEmpty` whether there is any. */
  constructor(table: Table, channel: number, after: number, isEmpty: boolean) {
    this.#table = table;
    this.#channel = channel;
    this.#heldTo = after;
    this.#whole = isEmpty;
  }

  push(entry: EntrySize): void {
    if (this.#whole && this.#held.length - this.#start < HELD) {
      this.#held.push(entry);
      this.#heldTo = entry.offset;
      return;
    }
    this.#whole = false;
    this.#recent.push(entry);
  }

  /** The oldest one; `undefined` when there is none. */
  peek(): EntrySize | undefined {
    if (this.#start === this.#held.length) this.#read();
    return this.#held[this.#start];
  }

  /** Leaves the oldest one out from now on. */
  drop(): void {
    this.#start += 1;
    if (this.#start < READ_AT_ONCE || this.#start * 2 < this.#held.length) return;
    this.#held = this.#held.slice(this.#start);
    this.#start = 0;
  }

  /** Leaves out all there are. `head` is the newest offset. */
  clear(head: number): void {
    this.#held = [];
    this.#start = 0;
    this.#heldTo = head;
    this.#recent = [];
    this.#whole = true;
  }

  /** The disk shows everything that was pushed until now. */
  committed(head: number): void {
    if (this.#recent.length === 0) return;
    const first = this.#recent.findIndex(({ offset }) => offset > head);
    this.#recent = first < 0 ? [] : this.#recent.slice(first);
  }

  #read(): void {
    this.#held = [];
    this.#start = 0;
    if (this.#whole) return;
    const start = entryKey(this.#channel, this.#heldTo + 1);
    const end = entryKey(this.#channel, MAX_OFFSET);
    this.#table.resetReadTxn();
    for (const { key, value } of this.#table.getRange({ start, end, limit: READ_AT_ONCE })) {
      this.#held.push({ offset: offsetOfKey(key), size: storedSize(value) });
    }
    this.#table.resetReadTxn();
    if (this.#held.length < READ_AT_ONCE) {
      // That was all the disk shows.
      const shown = this.#held.at(-1)?.offset ?? this.#heldTo;
      for (const entry of this.#recent) if (entry.offset > shown) this.#held.push(entry);
      this.#recent = [];
      this.#whole = true;
    }
    this.#heldTo = this.#held.at(-1)?.offset ?? this.#heldTo;
  }
}
