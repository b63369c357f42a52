/** What of a table's rows moves between two ticks, and how. */
import type { Row, Table, Value } from "../../room/columns.js";

/** A row that is written column by column. */
export type Fields = Record<string, Value>;

/** A column, as it is between two ticks. */
export interface Motion {
  readonly name: string;
  /** Whether it has values between two of its values; otherwise it changes at its tick. */
  readonly moves: boolean;
  /** Whether it is an angle, which goes the short way round. */
  readonly turns: boolean;
  /** From its lowest to its highest value. */
  readonly range: number;
}

/** What a frame says of one table. Rows are whole, and nobody changes them any more. */
export interface TableChange<R extends Row = Row> {
  /** The keys of rows that are not seen any more. */
  readonly leaves: Iterable<string>;
  /** Rows that are seen from now on. */
  readonly enters: ReadonlyMap<string, R>;
  /** Rows that have changed. */
  readonly updates: ReadonlyMap<string, R>;
}

const TURN = 2 * Math.PI;

/** Of numbers those move that are not whole: `fixed`, `f32`, `f64` and angles. */
export function motionsOf({ columns }: Table): Motion[] {
  return Object.entries(columns).map(([name, column]) => {
    const data = column.is === "optional" ? column.of : column;
    const turns = data.is === "angle";
    return {
      name,
      moves: turns || data.is === "fixed" || data.is === "f32" || data.is === "f64",
      turns,
      range: data.is === "fixed" ? data.high - data.low : Infinity,
    };
  });
}

/** From one value to another: for an angle the short way, -π to below π. */
export function difference(turns: boolean, from: number, to: number): number {
  return turns ? wrap(to - from) : to - from;
}

/** A value on the way from one to another: `part` 0 is the first, 1 the second, and above that it goes on. */
export function between(turns: boolean, from: number, to: number, part: number): number {
  const value = from + difference(turns, from, to) * part;
  return turns ? wrap(value) : value;
}

/** The same angle, from -π to below π. */
function wrap(angle: number): number {
  return angle - TURN * Math.floor((angle + Math.PI) / TURN);
}
