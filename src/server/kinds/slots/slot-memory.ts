/**
 * What a node holds of a channel that is kept by slots: what the log adds up to, from a floor of its own on, and nothing else.
 * In the order of last change, so that what follows a cursor is the end of it.
 */
import type { Change, ChangesEntry, Payload } from "../../../broker/index.js";

/** The newest change of a slot. */
export interface KnownSlot {
  readonly offset: number;
  /** `undefined`: a tombstone. */
  readonly data: Payload | undefined;
}

/** What follows a cursor, as of one head: it never changes, whatever the memory does afterwards. */
export interface SlotCut {
  readonly from: number;
  readonly end: number;
  /** Oldest change first; tombstones only where `from` is not the beginning. */
  readonly changes: readonly Change[];
}

export interface SlotMemoryOptions {
  /** How many tombstones are kept for those who come from a cursor. */
  readonly graves: number;
}

export class SlotMemory {
  readonly #slots = new Map<string, KnownSlot>();
  readonly #mostGraves: number;
  #graves = 0;
  #floor = 0;
  #head = 0;

  constructor({ graves }: SlotMemoryOptions) {
    this.#mostGraves = graves;
  }

  /** Up to where it is complete. */
  get head(): number {
    return this.#head;
  }

  /** From a cursor below it, what follows is not known: tombstones are missing. */
  get floor(): number {
    return this.#floor;
  }

  /** How many slots hold something. */
  get size(): number {
    return this.#slots.size - this.#graves;
  }

  get(slot: string): KnownSlot | undefined {
    return this.#slots.get(slot);
  }

  *[Symbol.iterator](): Iterator<[string, KnownSlot]> {
    yield* this.#slots;
  }

  /** Forgets everything: what comes next is a walk from the beginning. */
  clear(): void {
    this.#slots.clear();
    this.#graves = this.#floor = this.#head = 0;
  }

  /** The next entry of the log, all of whose changes are known. */
  push({ offset, changes = [] }: ChangesEntry): void {
    for (const { slot, data } of changes) this.#set(slot, { offset, data });
    this.#head = Math.max(this.#head, offset);
    this.#dropGraves();
  }

  /** What a walk has brought, oldest change first; it ended at `head`, and its pages said `floor`. */
  replace(slots: Iterable<readonly [string, KnownSlot]>, head: number, floor: number): void {
    for (const [slot, known] of slots) this.#set(slot, known);
    this.#head = head;
    this.#floor = Math.max(this.#floor, floor);
    this.#dropGraves();
  }

  /** What follows the cursor at `from`; `undefined` where that is below the floor. From 0 it is all there is. */
  cut(from: number): SlotCut | undefined {
    if (from > 0 && from < this.#floor) return undefined;
    const changes: Change[] = [];
    for (const [slot, { offset, data }] of this.#slots) {
      // Whoever begins holds nothing that could be deleted.
      if (offset > from && (from > 0 || data !== undefined)) changes.push({ slot, data });
    }
    return { from, end: this.#head, changes };
  }

  #set(slot: string, known: KnownSlot): void {
    const before = this.#slots.get(slot);
    if (before !== undefined && before.offset > known.offset) return;
    if (before !== undefined && before.data === undefined) this.#graves--;
    this.#slots.delete(slot);
    this.#slots.set(slot, known);
    if (known.data === undefined) this.#graves++;
  }

  #dropGraves(): void {
    if (this.#graves <= this.#mostGraves) return;
    // At once for many: finding them costs a look at all slots.
    const keep = this.#mostGraves - (this.#mostGraves >> 2);
    for (const [slot, { offset, data }] of this.#slots) {
      if (this.#graves <= keep) break;
      if (data !== undefined) continue;
      this.#slots.delete(slot);
      this.#graves--;
      this.#floor = Math.max(this.#floor, offset);
    }
  }
}
