import { REMEMBERED_SEQUENCES } from "../contract.js";
import { CONFLICT, NEW, UNKNOWN } from "./keys.js";

/** A record is four numbers in a row: its sequence, offset, print and time. */
const FIELDS = 4;
const FIRST_CAPACITY = 4;

/**
 * The last {@link REMEMBERED_SEQUENCES} sequences of one scope, ordered by sequence, in one array of numbers that
 * doubles with use. The lowest is forgotten first, so everything at or above the lowest one is known for certain:
 * what is not found there never was appended.
 */
export class SequenceRing {
  #slots: number[] = Array.from({ length: FIRST_CAPACITY * FIELDS }, () => 0);
  #first = 0;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The lowest sequence remembered; `undefined` when there is none. */
  get lowest(): number | undefined {
    return this.#count === 0 ? undefined : this.#read(0, 0);
  }

  /** The sequences from `from` up to, not including, `to`: sequence, offset and print of each, in a row. */
  records(from: number, to: number): number[] {
    const records: number[] = [];
    for (let i = this.#indexFrom(from); i < this.#count; i++) {
      const sequence = this.#read(i, 0);
      if (sequence >= to) break;
      records.push(sequence, this.#read(i, 1), this.#read(i, 2));
    }
    return records;
  }

  /**
   * The offset that `sequence` was appended at, {@link NEW} when it was not, {@link CONFLICT} when it was with
   * another print, {@link UNKNOWN} when it is older than what is remembered or was appended before `since`.
   */
  find(sequence: number, print: number, since: number): number {
    if (this.#count === 0 || sequence > this.#read(this.#count - 1, 0)) return NEW;
    if (sequence < this.#read(0, 0)) return UNKNOWN;
    const low = this.#indexFrom(sequence);
    if (this.#read(low, 0) !== sequence) return NEW;
    if (this.#read(low, 3) < since) return UNKNOWN;
    return this.#read(low, 2) === print ? this.#read(low, 1) : CONFLICT;
  }

  /** Remembers a sequence that {@link find} called new. */
  insert(sequence: number, offset: number, print: number, time: number): void {
    if (this.#count === REMEMBERED_SEQUENCES) {
      this.#first = (this.#first + 1) % this.#capacity();
      this.#count -= 1;
    } else if (this.#count === this.#capacity()) {
      this.#grow();
    }
    let place = this.#count;
    // Only a sequence that fills a hole moves anything.
    while (place > 0 && this.#read(place - 1, 0) > sequence) {
      this.#write(
        place,
        this.#read(place - 1, 0),
        this.#read(place - 1, 1),
        this.#read(place - 1, 2),
        this.#read(place - 1, 3),
      );
      place -= 1;
    }
    this.#write(place, sequence, offset, print, time);
    this.#count += 1;
  }

  clone(): SequenceRing {
    const copy = new SequenceRing();
    copy.#slots = this.#slots.slice();
    copy.#first = this.#first;
    copy.#count = this.#count;
    return copy;
  }

  /** The place of the lowest sequence that is not below `sequence`; the count when there is none. */
  #indexFrom(sequence: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#read(middle, 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #capacity(): number {
    return this.#slots.length / FIELDS;
  }

  #read(index: number, field: number): number {
    return this.#slots[((this.#first + index) % this.#capacity()) * FIELDS + field] ?? 0;
  }

  #write(index: number, sequence: number, offset: number, print: number, time: number): void {
    const at = ((this.#first + index) % this.#capacity()) * FIELDS;
    this.#slots[at] = sequence;
    this.#slots[at + 1] = offset;
    this.#slots[at + 2] = print;
    this.#slots[at + 3] = time;
  }

  #grow(): void {
    const split = this.#first * FIELDS;
    const { length } = this.#slots;
    const unrolled = [...this.#slots.slice(split), ...this.#slots.slice(0, split)];
    while (unrolled.length < Math.min(length * 2, REMEMBERED_SEQUENCES * FIELDS)) unrolled.push(0);
    this.#slots = unrolled;
    this.#first = 0;
  }
}
