/** The newest entries of a log as this node holds them: encoded, contiguous, ready to be sent again. */
import { offsetAt } from "../../protocol/index.js";
import type { EncodedLine } from "./chunk.js";

export interface TailEntry {
  readonly offset: number;
  readonly prev: number;
  readonly line: EncodedLine;
}

export interface TailLimits {
  /** At most this many entries. */
  readonly count: number;
  /** At most about this many bytes. */
  readonly bytes: number;
  /** Entries at most this many milliseconds old. */
  readonly age: number | undefined;
}

const DROPPED: EncodedLine = { text: "", size: 0 };

export class Tail {
  readonly #limits: TailLimits;
  #entries: TailEntry[] = [];
  /** Entries before this index are dropped; the array is cut now and then, not at each push. */
  #start = 0;
  #bytes = 0;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.length - this.#start;
  }

  /** Adds the entry after the newest. One that does not follow it starts the tail anew. */
  push(entry: TailEntry): void {
    const newest = this.#entries.at(-1);
    if (newest !== undefined && newest.offset !== entry.prev) this.clear();
    this.#entries.push(entry);
    this.#bytes += entry.line.size;
    while (this.size > this.#limits.count || (this.#bytes > this.#limits.bytes && this.size > 1))
      this.#drop();
    if (this.#start > 64 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  clear(): void {
    this.#entries = [];
    this.#start = 0;
    this.#bytes = 0;
  }

  /**
   * The entries that follow `offset`, up to about `bytes` bytes of them but at least one; `undefined` when the
   * tail does not reach back that far, or does not know that entry.
   */
  after(offset: number, bytes: number, now: number): TailEntry[] | undefined {
    if (this.#limits.age !== undefined) this.#expire(offsetAt(now - this.#limits.age));
    const from = this.#indexAfter(offset);
    if (from === undefined) return undefined;
    const page: TailEntry[] = [];
    let size = 0;
    for (let i = from; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as TailEntry;
      size += entry.line.size;
      if (size > bytes && page.length > 0) break;
      page.push(entry);
    }
    return page;
  }

  /** The `prev` of the oldest of the newest `count` entries; `undefined` when the tail has fewer. */
  startOfLast(count: number, now: number): number | undefined {
    if (this.#limits.age !== undefined) this.#expire(offsetAt(now - this.#limits.age));
    return count > this.size ? undefined : this.#entries[this.#entries.length - count]?.prev;
  }

  #expire(oldest: number): void {
    while (this.size > 0 && (this.#entries[this.#start] as TailEntry).offset < oldest) this.#drop();
  }

  #drop(): void {
    const { offset, prev, line } = this.#entries[this.#start] as TailEntry;
    this.#bytes -= line.size;
    // What follows is still told by its place; its line need not wait for the next cut.
    this.#entries[this.#start++] = { offset, prev, line: DROPPED };
  }

  /** The index of the entry whose `prev` is `offset`. */
  #indexAfter(offset: number): number | undefined {
    let low = this.#start;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const { prev } = this.#entries[middle] as TailEntry;
      if (prev === offset) return middle;
      if (prev < offset) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
