/** A name of a room's shape, by which client and server find out that they have the same. */
import type { ColumnData } from "./column.js";
import type { ShapeData } from "./shape.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS = 6;
const LENGTH = 8;

/**
 * Names what frames depend on: the tables and their columns, in their order, and the rate. 8 letters, digits, `-` and `_`, the same on
 * every engine; two shapes that differ have the same name once in 2^48 times.
 *
 * @example shapeName(arena) // "pX0zq_3K"
 */
export function shapeName({ state, rate }: Pick<ShapeData, "state" | "rate">): string {
  const tables = Object.entries(state).map(([name, { columns }]) => [
    name,
    Object.entries(columns).map(([column, data]) => [column, ...partsOf(data)]),
  ]);
  return lettersOf(JSON.stringify([rate, tables]));
}

/** What a column is, in an order of its own. */
function partsOf(column: ColumnData): readonly unknown[] {
  switch (column.is) {
    case "fixed":
      return [column.is, column.low, column.high, column.step];
    case "text":
      return [column.is, column.most];
    case "oneOf":
      return [column.is, column.values];
    case "optional":
      return [column.is, partsOf(column.of)];
    default:
      return [column.is];
  }
}

/** 48 bits of a hash of a text: two of 32 bits, each of which stirs the other in the end. */
function lettersOf(text: string): string {
  let one = 0x9e3779b1;
  let other = 0x85ebca77;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x85ebca6b);
    other = Math.imul(other ^ unit, 0xc2b2ae35);
  }
  one = stir(one ^ (other >>> 15));
  other = stir(other ^ (one >>> 13));
  let bits = (other & 0xffff) * 2 ** 32 + (one >>> 0);
  let letters = "";
  for (let i = 0; i < LENGTH; i++) {
    letters += LETTERS[bits % 2 ** BITS];
    bits = Math.floor(bits / 2 ** BITS);
  }
  return letters;
}

function stir(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
