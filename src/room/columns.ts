/**
 * The columns of a room's tables: what a value may be, and how exactly the other side sees it.
 *
 * @example
 * const players = table({ x: fixed(0, 2000, 1 / 8), y: fixed(0, 2000, 1 / 8), aim: angle, name: text(16) });
 * const ann: RowOf<typeof players> = { x: 7.3, y: 0, aim: 0, name: "ann" };
 * quantise(players.columns.x, ann.x); // 7.25
 */
import { codingOf, stepsOf } from "./coding.js";
import type { Column, ColumnData, Columns, RowOf, Table, Value, ValueOf } from "./column.js";

export type { Column, ColumnData, Columns, Row, RowOf, Table, Value, ValueOf } from "./column.js";

/** The most columns of a table. */
export const MOST_COLUMNS = 30;
/** The longest text, in bytes of UTF-8. */
export const MOST_TEXT = 4096;
/** The longest key of a row, in bytes of UTF-8. */
export const MOST_KEY = 64;
/** The most rows of a table at a time. */
export const MOST_ROWS = 32_768;

const MOST_STEPS = 2 ** 32 - 1;
const MOST_VALUES = 256;
/** A limit is at most so many steps away from zero: beyond, floating point no longer tells all steps apart. */
const FINEST = 2 ** 48;
const NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;

/**
 * A number from `low` to `high` in steps of `step`, sent as a whole number of steps in 1 to 4 bytes: 16,001 values, as of
 * `fixed(0, 2000, 1 / 8)`, take two. Others are rounded to the nearest step and clamped; NaN becomes `low`.
 *
 * Two columns `x` and `y` of a table are where its rows are: views are cut by them, and small moves take two bytes
 * together.
 *
 * @throws {TypeError} for limits that are not finite or not in order, and where there are more than 2^32 steps
 */
export function fixed(low: number, high: number, step: number): Column<number> {
  if (![low, high, step].every(Number.isFinite) || low >= high || step <= 0)
    throw new TypeError(`fixed(low, high, step) takes low < high and step > 0, not ${low}, ${high}, ${step}`);
  const column: ColumnData = { is: "fixed", low, high, step };
  const steps = stepsOf(column);
  if (steps < 1 || steps > MOST_STEPS || Math.max(Math.abs(low), Math.abs(high)) / step > FINEST)
    throw new TypeError(
      `fixed(${low}, ${high}, ${step}) has ${steps} steps; 1 to ${MOST_STEPS} can be told apart`,
    );
  return Object.freeze(column);
}

/** An angle in radians, to a 256th of a turn (1.4°), from -π to just below π; one byte. NaN and infinite ones become 0. */
export const angle: Column<number> = Object.freeze({ is: "angle" });

/** A whole number from 0 to 255. Like all whole numbers rounded and clamped; NaN becomes the lowest one. */
export const u8: Column<number> = Object.freeze({ is: "u8" });
/** A whole number from 0 to 65,535. */
export const u16: Column<number> = Object.freeze({ is: "u16" });
/** A whole number from 0 to 2^32 - 1. */
export const u32: Column<number> = Object.freeze({ is: "u32" });
/** A whole number from -128 to 127; NaN becomes -128. */
export const i8: Column<number> = Object.freeze({ is: "i8" });
/** A whole number from -32,768 to 32,767; NaN becomes -32,768. */
export const i16: Column<number> = Object.freeze({ is: "i16" });
/** A whole number from -2^31 to 2^31 - 1; NaN becomes -2^31. */
export const i32: Column<number> = Object.freeze({ is: "i32" });
/** A number with 24 bits of precision; four bytes. NaN and -0 become 0, infinite ones the largest finite one. */
export const f32: Column<number> = Object.freeze({ is: "f32" });
/** Any finite number, exactly; eight bytes. NaN and -0 become 0, infinite ones the largest finite one. */
export const f64: Column<number> = Object.freeze({ is: "f64" });
/** True or false; one byte. All that is not `true` is false. */
export const bool: Column<boolean> = Object.freeze({ is: "bool" });

/**
 * A text of at most `most` bytes of UTF-8, 1 to 4,096. A longer one is cut between two characters; what is no text
 * becomes an empty one.
 *
 * @throws {TypeError} for another `most`
 */
export function text(most: number): Column<string> {
  if (!Number.isInteger(most) || most < 1 || most > MOST_TEXT)
    throw new TypeError(`text(most) takes a whole number of bytes from 1 to ${MOST_TEXT}, not ${most}`);
  return Object.freeze({ is: "text", most });
}

/**
 * One of at most 256 texts; one byte. What is none of them becomes the first.
 *
 * @throws {TypeError} for none, too many, or the same one twice
 * @example oneOf("waiting", "playing", "over")
 */
export function oneOf<const V extends readonly string[]>(...values: V): Column<V[number]> {
  if (values.length === 0 || values.length > MOST_VALUES || new Set(values).size < values.length)
    throw new TypeError(
      `oneOf(…) takes 1 to ${MOST_VALUES} different texts, not ${JSON.stringify(values).slice(0, 80)}`,
    );
  return Object.freeze({ is: "oneOf", values: Object.freeze([...values]) });
}

/**
 * A column that may have no value: `undefined`. It takes no byte more, but where all values of its bytes are in use.
 *
 * @throws {TypeError} for a column that is optional already
 */
export function optional<V extends Value>(column: Column<V>): Column<V | undefined> {
  if (column.is === "optional") throw new TypeError("optional(optional(…)) is optional(…)");
  return Object.freeze({ is: "optional", of: column });
}

/**
 * A table of a room's state: a `Map` from keys, which are texts of at most 64 bytes of UTF-8, to rows, which are plain
 * objects.
 *
 * @throws {TypeError} for no column, more than 30, or a name that is no plain word
 */
export function table<C extends Columns>(columns: C): Table<C> {
  const names = Object.keys(columns);
  if (names.length === 0 || names.length > MOST_COLUMNS)
    throw new TypeError(`a table has 1 to ${MOST_COLUMNS} columns, not ${names.length}`);
  for (const name of names)
    if (!NAME.test(name))
      throw new TypeError(
        `a column's name is a letter, then letters, digits and _, not ${JSON.stringify(name)}`,
      );
  return Object.freeze({ columns: Object.freeze({ ...columns }) });
}

/**
 * What the other side will see of a value: the nearest that the column can hold. Doing it again changes nothing.
 *
 * @example quantise(u8, 255.4) // 255
 */
export function quantise<C extends Column>(column: C, value: ValueOf<C>): ValueOf<C>;
export function quantise(column: Column, value: unknown): Value {
  return quantised(column, value);
}

function quantised(column: Column, value: unknown): Value {
  const coding = codingOf(column);
  // Each coding decodes what it encoded itself.
  switch (coding.kind) {
    case "whole":
      return coding.decode(coding.encode(value));
    case "float":
      return coding.decode(coding.encode(value));
    case "text":
      return coding.decode(coding.encode(value));
  }
}

/** A row as the other side will see it: the table's columns and nothing else. It is written into `into` where that is given. */
export function quantiseRow<T extends Table>(of: T, row: Readonly<RowOf<T>>, into?: RowOf<T>): RowOf<T>;
export function quantiseRow(
  { columns }: Table,
  row: Readonly<Record<string, unknown>>,
  into: Record<string, unknown> = {},
): Record<string, unknown> {
  for (const name in columns) {
    const column = columns[name];
    if (column !== undefined) into[name] = quantised(column, row[name]);
  }
  return into;
}
