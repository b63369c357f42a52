/** How the rows of a table lie in bytes; worked out once per table. */
import { codingOf, type Coding } from "./coding.js";
import type { Table, Value } from "./column.js";

/** What a column holds in memory: a whole number or a float, or a text. */
export type Code = number | string | undefined;

/** Ids below this one take 11 bits of an update's head; the others follow it. */
export const ESCAPE_ID = 2047;

/** How a place is told in an update, in the two lowest bits of its head: not at all, as two signed bytes of what it has moved, or as it is. */
export const MOVE = { none: 0, small: 1, whole: 2 } as const;

export interface Layout {
  readonly names: readonly string[];
  readonly codings: readonly Coding[];
  /** Which columns are the place of a row, if it has one. */
  readonly place: readonly [x: number, y: number] | undefined;
  /** Whether places are whole numbers of steps, so that small moves can be told in two bytes. */
  readonly hasSmallMoves: boolean;
  /** The columns that are no place, in the order in which they are encoded. */
  readonly others: readonly number[];
  /** How many of those have a bit of their own in the head of an update, and where the first of these bits is. */
  readonly direct: number;
  readonly shift: number;
  /** How many bytes the bits of the others take, where there are more. */
  readonly moreBytes: number;
}

/** The bits of an update's head that are not its id. */
export const HEAD_BITS = 5;

const layouts = new WeakMap<Table, Layout>();

export function layoutOf(table: Table): Layout {
  let layout = layouts.get(table);
  if (layout === undefined) {
    layout = makeLayout(table);
    layouts.set(table, layout);
  }
  return layout;
}

function makeLayout(table: Table): Layout {
  const names = Object.keys(table.columns);
  const codings = Object.values(table.columns).map(codingOf);
  const x = names.indexOf("x");
  const y = names.indexOf("y");
  const place = isCoordinate(codings[x]) && isCoordinate(codings[y]) ? ([x, y] as const) : undefined;
  const others = names.flatMap((_, column) => (place?.includes(column) === true ? [] : [column]));
  const shift = place === undefined ? 0 : 2;
  const bits = HEAD_BITS - shift;
  const direct = others.length <= bits ? others.length : bits - 1;
  return {
    names,
    codings,
    place,
    hasSmallMoves: place?.every((column) => codings[column]?.kind === "whole") === true,
    others,
    direct,
    shift,
    moreBytes: Math.ceil((others.length - direct) / 8),
  };
}

/** Whether a column always has a number, which can be more or less. */
function isCoordinate(coding: Coding | undefined): boolean {
  if (coding?.kind === "whole") return coding.linear !== undefined;
  return coding?.kind === "float" && !coding.optional;
}

/** The value that a code of this column stands for. */
export function valueOf(coding: Coding, code: Code): Value {
  // A column's codes are made by its own coding: each is of the type that this asks for.
  if (coding.kind === "text") return coding.decode(typeof code === "string" ? code : undefined);
  return coding.decode(typeof code === "number" ? code : 0);
}
