import { MAX_OFFSET } from "../../../protocol/index.js";
import type { Table } from "../environment.js";
import { bufferOf, gravesBetween, placeOfGrave, type Place } from "./slot-keys.js";

/** A tombstone, as it was when it came: the slot may hold something again. */
export interface Grave extends Place {
  readonly slot: string;
}

/** How many tombstones are held in memory, or read at a time. */
const HELD = 1024;
const READ_AT_ONCE = 128;

/**
 * A log's tombstones, oldest first: what has to be known when the oldest are dropped. Few are held whole; of many only the
 * oldest, read from the disk as they are needed, and what is not there yet.
 */
export class OldestGraves {
  readonly #table: Table;
  readonly #channel: number;
  /** The oldest ones; `#start` is the first that is not left out. */
  #held: Grave[] = [];
  #start = 0;
  /** The offset of the newest that is held, or was. All of an offset are held together. */
  #heldTo = 0;
  /** Newer ones that the disk may not show yet. */
  #recent: Grave[] = [];
  /** Whether everything newer than `#heldTo` is in `#recent`. */
  #isWhole: boolean;

  /** @param isEmpty whether the disk has none */
  constructor(table: Table, channel: number, isEmpty: boolean) {
    this.#table = table;
    this.#channel = channel;
    this.#isWhole = isEmpty;
  }

  /** Those of one entry, which is newer than all before. */
  push(graves: readonly Grave[]): void {
    const last = graves.at(-1);
    if (last === undefined) return;
    if (this.#isWhole && this.#held.length - this.#start + graves.length <= HELD) {
      for (const grave of graves) this.#held.push(grave);
      this.#heldTo = last.offset;
      return;
    }
    this.#isWhole = false;
    for (const grave of graves) this.#recent.push(grave);
  }

  /** The oldest one; `undefined` where there is none. */
  peek(): Grave | undefined {
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

  /** The disk shows everything that was pushed with offsets up to `head`. */
  committed(head: number): void {
    if (this.#recent.length === 0) return;
    const first = this.#recent.findIndex(({ offset }) => offset > head);
    this.#recent = first < 0 ? [] : this.#recent.slice(first);
  }

  #read(): void {
    this.#held = [];
    this.#start = 0;
    if (this.#isWhole) return;
    for (const { key, value } of this.#table.getRange(
      gravesBetween(this.#channel, this.#heldTo + 1, MAX_OFFSET),
    )) {
      const place = placeOfGrave(key);
      if (this.#held.length >= READ_AT_ONCE && place.offset !== this.#held.at(-1)?.offset) break;
      this.#held.push({ ...place, slot: bufferOf(value).toString() });
    }
    if (this.#held.length < READ_AT_ONCE) {
      // That was all the disk shows.
      const shown = this.#held.at(-1)?.offset ?? this.#heldTo;
      for (const grave of this.#recent) if (grave.offset > shown) this.#held.push(grave);
      this.#recent = [];
      this.#isWhole = true;
    }
    this.#heldTo = this.#held.at(-1)?.offset ?? this.#heldTo;
  }
}
