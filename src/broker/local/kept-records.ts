import { MAX_OFFSET } from "../../protocol/index.js";
import type { KeptEntries } from "../log/retain.js";
import type { LogShare } from "./log-share.js";
import { entryKey, offsetOfKey, type Environment } from "./environment.js";
import { readEntrySizes, type EntrySize } from "./entry-sizes.js";
import { OldestRows } from "./oldest-rows.js";
import { storedSize } from "./record.js";

/**
 * Entries that retention has dropped are removed so many at a time, or so many bytes: each removal touches a page of
 * the disk's, and one page holds many of them.
 */
const MAX_DROPPED = 64;
const MAX_DROPPED_BYTES = 256 * 1024;

/** What an earlier process kept. */
export interface KeptStart {
  /** The number of the log. */
  readonly number: number;
  readonly head: number;
  /** The `prev` of the oldest entry that is kept; the head when none is. */
  readonly oldestPrev: number;
  readonly count: number;
  readonly bytes: number;
}

/** The entries of one log that are kept, as records on the disk. What changes goes into the next transaction. */
export class KeptRecords implements KeptEntries {
  readonly #share: LogShare;
  readonly #number: number;
  readonly #oldest: OldestRows<EntrySize>;
  /** Entries that are not kept any more and are on the disk still, and their bytes. */
  #dropped: number[];
  #droppedBytes = 0;
  /** The offset before the oldest one, while there is any. */
  #before: number;
  /** The offset of the newest one that was ever put. */
  #newest: number;
  #count: number;
  #bytes: number;

  constructor(share: LogShare, { number, head, oldestPrev, count, bytes }: KeptStart) {
    this.#share = share;
    this.#number = number;
    this.#oldest = new OldestRows(readEntrySizes(share.env.entries, number), oldestPrev, count === 0);
    this.#dropped = droppedBefore(share.env, number, oldestPrev);
    this.#before = oldestPrev;
    this.#newest = head;
    this.#count = count;
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The `prev` of the oldest one; `head` when there is none. */
  oldestPrev(head: number): number {
    return this.#count === 0 ? head : this.#before;
  }

  /** Puts an entry in its stored form, which is kept as it is; `prev` is the offset of the log's entry before it. */
  push(offset: number, prev: number, stored: Buffer): void {
    const size = storedSize(stored);
    this.#share.commit.changes.put(this.#share.env.entries, entryKey(this.#number, offset), stored);
    this.#oldest.push({ offset, size });
    if (this.#count === 0) this.#before = prev;
    this.#newest = offset;
    this.#count += 1;
    this.#bytes += size;
  }

  dropOldest(): void {
    const oldest = this.#oldest.peek();
    if (oldest === undefined) return this.#forget();
    this.#oldest.drop();
    this.#dropped.push(oldest.offset);
    this.#droppedBytes += oldest.size;
    if (this.#dropped.length >= MAX_DROPPED || this.#droppedBytes > MAX_DROPPED_BYTES) this.removeDropped();
    this.#before = oldest.offset;
    this.#count -= 1;
    this.#bytes -= oldest.size;
    if (this.#count === 0) this.#forget();
  }

  dropBefore(offset: number): void {
    while (this.#count > 0 && (this.#oldest.peek()?.offset ?? MAX_OFFSET) < offset) this.dropOldest();
  }

  clear(): void {
    if (this.#count === 0) return;
    const end = entryKey(this.#number, this.#newest + 1);
    this.#share.eraser.add("entries", entryKey(this.#number, 0), end, this.#share.commit.changes);
    this.#oldest.clear(this.#newest);
    this.#dropped = [];
    this.#droppedBytes = 0;
    this.#forget();
  }

  /** Removes from the disk what was dropped. */
  removeDropped(): void {
    const { env, commit } = this.#share;
    for (const offset of this.#dropped) commit.changes.remove(env.entries, entryKey(this.#number, offset));
    this.#dropped = [];
    this.#droppedBytes = 0;
  }

  /** Whether the disk has an entry with that offset. */
  has(offset: number): boolean {
    const { entries } = this.#share.env;
    entries.resetReadTxn();
    const isThere = entries.doesExist(entryKey(this.#number, offset));
    entries.resetReadTxn();
    return isThere;
  }

  /** Entries up to `head` are on the disk. */
  committed(head: number): void {
    this.#oldest.committed(head);
  }

  #forget(): void {
    this.#count = 0;
    this.#bytes = 0;
  }
}

/** What an earlier process dropped and did not remove. */
function droppedBefore(env: Environment, channel: number, oldestPrev: number): number[] {
  // More of them are those of a range that is being erased.
  const limit = 4 * MAX_DROPPED;
  const range = { start: entryKey(channel, 0), end: entryKey(channel, oldestPrev + 1), limit };
  env.entries.resetReadTxn();
  const dropped = Array.from(env.entries.getKeys(range), (key) => offsetOfKey(key));
  env.entries.resetReadTxn();
  return dropped;
}
