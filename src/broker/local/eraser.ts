/**
 * Erases ranges of keys a little at a time: what retention, a generation of keys or a dropped channel leaves behind
 * may be millions of entries, and LMDB removes them one by one. A range that is being erased is itself on the disk,
 * so the next process goes on with what this one leaves.
 */
import type { Changes } from "./changes.js";
import type { Environment } from "./environment.js";

/** Tables that ranges are erased in. */
type Erased = "entries" | "keys";

interface Range {
  readonly id: Buffer;
  readonly table: Erased;
  readonly start: string;
  readonly end: string;
}

/** Keys removed in one transaction. */
const AT_ONCE = 1000;

export class Eraser {
  readonly #env: Environment;
  readonly #ranges: Range[] = [];
  #lastId = 0;
  /** Ranges up to this one, and all that was in them, are on the disk. */
  #committed = 0;

  constructor(env: Environment) {
    this.#env = env;
    for (const { key, value } of env.erasures.getRange({})) {
      const id = Buffer.from(key);
      this.#lastId = id.readDoubleBE(0);
      this.#ranges.push({ id, ...(JSON.parse(Buffer.from(value).toString()) as Omit<Range, "id">) });
    }
    env.erasures.resetReadTxn();
    this.#committed = this.#lastId;
  }

  /** Names what was added until now, for {@link committed}. */
  get mark(): number {
    return this.#lastId;
  }

  /** What was added before `mark` was taken is on the disk. */
  committed(mark: number): void {
    this.#committed = mark;
  }

  /** Whether {@link step} has something to do. */
  get isReady(): boolean {
    const [range] = this.#ranges;
    return range !== undefined && range.id.readDoubleBE() <= this.#committed;
  }

  /** Everything from `start` up to, not including, `end`. Nothing may be put there any more. */
  add(table: Erased, start: Uint8Array, end: Uint8Array, changes: Changes): void {
    const range = { table, start: Buffer.from(start).toString("hex"), end: Buffer.from(end).toString("hex") };
    const id = Buffer.allocUnsafe(8);
    id.writeDoubleBE(++this.#lastId);
    this.#ranges.push({ id, ...range });
    changes.put(this.#env.erasures, id, Buffer.from(JSON.stringify(range)));
  }

  /** Erases a part of the oldest range. */
  step(changes: Changes): void {
    const [range] = this.#ranges;
    if (range === undefined || !this.isReady) return;
    const table = this.#env[range.table];
    const [start, end] = [Buffer.from(range.start, "hex"), Buffer.from(range.end, "hex")];
    let count = 0;
    table.resetReadTxn();
    for (const key of table.getKeys({ start, end, limit: AT_ONCE })) {
      changes.remove(table, Buffer.from(key));
      count += 1;
    }
    table.resetReadTxn();
    if (count === AT_ONCE) return;
    this.#ranges.shift();
    changes.remove(this.#env.erasures, range.id);
  }
}
