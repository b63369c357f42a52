/** How many rows are held in memory, or read at a time. */
const HELD = 1024;
const READ_AT_ONCE = 128;

/** Reads what the disk shows behind an offset, oldest first: whole offsets, and at least `least` rows where there are so many. */
export type ReadRows<Row> = (after: number, least: number) => Row[];

/**
 * A log's rows of one sort, oldest first: what has to be known of those that are dropped. Few are held whole; of many only
 * the oldest, read from the disk as they are needed, and what is not there yet.
 */
export class OldestRows<Row extends { readonly offset: number }> {
  readonly #readRows: ReadRows<Row>;
  /** The oldest ones; `#start` is the first that is not dropped. */
  #held: Row[] = [];
  #start = 0;
  /** The offset of the newest that is held, or was. All of an offset are held together. */
  #heldTo: number;
  /** Newer ones that the disk may not show yet. */
  #recent: Row[] = [];
  /** Whether everything newer than `#heldTo` is in `#recent`. */
  #isWhole: boolean;

  /** `after` is an offset before the oldest row, `isEmpty` whether there is any. */
  constructor(readRows: ReadRows<Row>, after: number, isEmpty: boolean) {
    this.#readRows = readRows;
    this.#heldTo = after;
    this.#isWhole = isEmpty;
  }

  /** The only one of its offset, which is newer than all before. */
  push(row: Row): void {
    const isHeld = this.#isWhole && this.#held.length - this.#start < HELD;
    this.#isWhole = isHeld;
    (isHeld ? this.#held : this.#recent).push(row);
    if (isHeld) this.#heldTo = row.offset;
  }

  /** All of one offset, which is newer than all before. */
  pushAll(rows: readonly Row[]): void {
    const last = rows.at(-1);
    if (last === undefined) return;
    const isHeld = this.#isWhole && this.#held.length - this.#start + rows.length <= HELD;
    this.#isWhole = isHeld;
    for (const row of rows) (isHeld ? this.#held : this.#recent).push(row);
    if (isHeld) this.#heldTo = last.offset;
  }

  /** The oldest one; `undefined` where there is none. */
  peek(): Row | undefined {
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
    this.#isWhole = true;
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
    this.#held = this.#readRows(this.#heldTo, READ_AT_ONCE);
    if (this.#held.length < READ_AT_ONCE) {
      // That was all the disk shows.
      const shown = this.#held.at(-1)?.offset ?? this.#heldTo;
      for (const row of this.#recent) if (row.offset > shown) this.#held.push(row);
      this.#recent = [];
      this.#isWhole = true;
    }
    this.#heldTo = this.#held.at(-1)?.offset ?? this.#heldTo;
  }
}
