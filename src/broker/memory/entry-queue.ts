import type { Entry } from "../contract.js";
import type { KeptEntries } from "../log/retain.js";

/** Stands in the place of a dropped entry, so that its payload is free before the next compaction. */
const GONE: Entry = { offset: 0, prev: 0, data: "" };

/** Compacting fewer dropped slots than this is not worth a copy. */
const LEAST_COMPACTED = 64;

/**
 * The kept entries of one log, oldest first. Appending and dropping are O(1) amortised: dropped slots are left
 * at the front and cut off when they are half of the array. (`Array.shift` moves a big array on every call.)
 */
export class EntryQueue implements KeptEntries {
  #slots: Entry[] = [];
  #sizes: number[] = [];
  #start = 0;
  #bytes = 0;

  get length(): number {
    return this.#slots.length - this.#start;
  }

  /** The sizes of all kept entries together. */
  get bytes(): number {
    return this.#bytes;
  }

  push(entry: Entry, size: number): void {
    this.#slots.push(entry);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  /** @throws {RangeError} when there is no such entry */
  at(index: number): Entry {
    const entry = this.#slots[this.#start + index];
    if (entry === undefined || index < 0) throw new RangeError(`no entry at ${index}`);
    return entry;
  }

  sizeAt(index: number): number {
    return this.#sizes[this.#start + index] ?? 0;
  }

  dropOldest(): void {
    if (this.length === 0) return;
    this.#bytes -= this.sizeAt(0);
    this.#slots[this.#start] = GONE;
    this.#start += 1;
    if (this.#start >= LEAST_COMPACTED && this.#start * 2 >= this.#slots.length) this.#compact();
  }

  /** Drops every entry before `offset`. */
  dropBefore(offset: number): void {
    while (this.length > 0 && this.at(0).offset < offset) this.dropOldest();
  }

  clear(): void {
    if (this.#slots.length === 0) return;
    this.#slots = [];
    this.#sizes = [];
    this.#start = 0;
    this.#bytes = 0;
  }

  /** The index of the oldest entry at or after `offset`; `length` when there is none. */
  indexFrom(offset: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where a page from `start` on ends: at most `limit` entries, at most `bytes` bytes unless one alone is more. */
  pageEnd(start: number, limit: number, bytes: number): number {
    let end = start;
    for (let room = bytes; end < this.length && end - start < limit; end++) {
      room -= this.sizeAt(end);
      if (room < 0 && end > start) break;
    }
    return end;
  }

  /** Where a page up to `end` begins, not before `oldest`. */
  pageStart(end: number, oldest: number, limit: number, bytes: number): number {
    let start = end;
    for (let room = bytes; start > oldest && end - start < limit; start--) {
      room -= this.sizeAt(start - 1);
      if (room < 0 && start < end) break;
    }
    return start;
  }

  slice(from: number, to: number): Entry[] {
    return this.#slots.slice(this.#start + from, this.#start + to);
  }

  /** An independent copy. Entries never change, so it shares them. */
  clone(): EntryQueue {
    const copy = new EntryQueue();
    copy.#slots = this.#slots.slice(this.#start);
    copy.#sizes = this.#sizes.slice(this.#start);
    copy.#bytes = this.#bytes;
    return copy;
  }

  #compact(): void {
    this.#slots = this.#slots.slice(this.#start);
    this.#sizes = this.#sizes.slice(this.#start);
    this.#start = 0;
  }
}
