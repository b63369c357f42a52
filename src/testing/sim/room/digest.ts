/** What a room's tables hold as one number: two that hold the same have the same one. Hot: for all rows of a room, in each tick. */
import type { Row, Table } from "../../../room/column.js";

const LOW = 0x1_0000_0000;
/** Two digests together are exact. */
const MODULUS = 2 ** 52;

const number = new Float64Array(1);
const halves = new Int32Array(number.buffer);

/** What makes digests of the rows of one table. */
export class RowDigests {
  readonly #columns: readonly string[];
  readonly #seed: number;

  constructor(place: number, table: Table) {
    this.#columns = Object.keys(table.columns);
    this.#seed = Math.imul(place + 1, 0x9e3779b9);
  }

  /** A whole number from 0 up to 2^52. */
  of(key: string, row: Row): number {
    let a = this.#seed;
    let b = ~this.#seed;
    for (let i = 0; i < key.length; i++) a = Math.imul(a ^ key.charCodeAt(i), 0x01000193);
    for (const name of this.#columns) {
      const value = row[name];
      if (typeof value === "string")
        for (let i = 0; i < value.length; i++) b = Math.imul(b ^ value.charCodeAt(i), 0x01000193);
      else {
        number[0] = typeof value === "number" ? value : value === undefined ? -1.5 : value ? 1.5 : 0.5;
        a = Math.imul(a ^ (halves[0] ?? 0), 0x85ebca6b) ^ (a >>> 13);
        b = Math.imul(b ^ (halves[1] ?? 0), 0xc2b2ae35) ^ (b >>> 16);
      }
      a = Math.imul(a ^ (b >>> 7), 0x27d4eb2f);
    }
    b = Math.imul(b ^ a, 0x165667b1);
    return (a >>> 0) + ((b >>> 12) & 0xfffff) * LOW;
  }
}

/** The digest of all rows, with one more, or with one less where it is below 0. */
export function withRow(sum: number, row: number): number {
  const next = sum + row;
  if (next >= MODULUS) return next - MODULUS;
  return next < 0 ? next + MODULUS : next;
}

/** What makes digests of a room's tables, in the order of its shape. */
export function digestsOf(state: Readonly<Record<string, Table>>): ReadonlyMap<string, RowDigests> {
  return new Map(Object.entries(state).map(([name, table], place) => [name, new RowDigests(place, table)]));
}

export type Rows = ReadonlyMap<string, Row>;

/** What all tables hold. */
export function digestOf(
  digests: ReadonlyMap<string, RowDigests>,
  rowsOf: (table: string) => Rows | undefined,
): number {
  let sum = 0;
  for (const [table, rows] of digests)
    for (const [key, row] of rowsOf(table) ?? []) sum = withRow(sum, rows.of(key, row));
  return sum;
}
