/** The columns that a checkpoint was written with, and what their rows are in those of the code that reads it. */
import type { Column, Columns, Table } from "../../../../room/column.js";
import {
  angle,
  bool,
  f32,
  f64,
  fixed,
  i16,
  i32,
  i8,
  oneOf,
  optional,
  table,
  text,
  u16,
  u32,
  u8,
} from "../../../../room/columns.js";
import { layoutOf, valueOf } from "../../../../room/layout.js";
import type { LiveRow } from "./live-table.js";
import type { RowCodes } from "./row-codes.js";
import * as json from "./strict-json.js";

const PLAIN: Readonly<Record<string, Column>> = { angle, bool, f32, f64, i16, i32, i8, u16, u32, u8 };

/** A table that is described as JSON. What makes columns says what is wrong with them. */
export function readColumns(value: unknown): Table {
  const columns: Record<string, Column> = {};
  for (const [name, column] of json.record(readColumn)(value)) columns[name] = column;
  return table(columns as Columns);
}

function readColumn(value: unknown): Column {
  const given = json.record(json.anything)(value);
  const is = json.text(given.get("is"));
  switch (is) {
    case "fixed": {
      const finite = json.number(-Number.MAX_VALUE);
      return fixed(finite(given.get("low")), finite(given.get("high")), finite(given.get("step")));
    }
    case "text":
      return text(json.whole(1)(given.get("most")));
    case "oneOf":
      return oneOf(...json.list(json.text)(given.get("values")));
    case "optional":
      return optional(readColumn(given.get("of")));
    default: {
      const column = Object.hasOwn(PLAIN, is) ? PLAIN[is] : undefined;
      if (column === undefined) throw json.expected("a kind of column", is);
      return column;
    }
  }
}

/** Puts what was saved of a table in the place of its rows. Columns that it has no more are dropped, those that it did not have are empty. */
export function fillRows(
  rows: Map<string, LiveRow>,
  now: Table,
  then: Table | undefined,
  saved: RowCodes | undefined,
): void {
  rows.clear();
  if (then === undefined || saved === undefined) return;
  const { names, codings } = layoutOf(then);
  for (const [key, codes] of saved) {
    const row: LiveRow = {};
    // In the order of the columns as they are now: a hook that goes over a row's properties sees the same as ever.
    for (const name of Object.keys(now.columns)) {
      const at = names.indexOf(name);
      const coding = codings[at];
      if (coding !== undefined) row[name] = valueOf(coding, codes[at]);
    }
    rows.set(key, row);
  }
}
