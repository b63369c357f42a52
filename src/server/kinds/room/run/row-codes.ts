/** The rows of a table as bytes: all of them, or what of them is not as in the tick before. */
import type { ByteReader } from "../../../../room/byte-reader.js";
import type { ByteWriter } from "../../../../room/byte-writer.js";
import { readCode, writeCode } from "../../../../room/code-bytes.js";
import type { Coding } from "../../../../room/coding.js";
import type { Row, Table } from "../../../../room/column.js";
import { MOST_KEY, MOST_ROWS } from "../../../../room/columns.js";
import { layoutOf, type Code } from "../../../../room/layout.js";

/** What the rows of a table hold, by key and then by column. */
export type RowCodes = ReadonlyMap<string, readonly Code[]>;

const NO_ROWS: ReadonlyMap<string, Row> = new Map();
/** Of the keys: as before, or listed. */
const SAME = 0;
const LISTED = 1;

/**
 * Writes the rows of one tick. A row that was in the tick before is a number whose bits say which columns differ, and those; another
 * one is all of its columns.
 *
 * @returns what was written, for the next tick
 */
export function writeTable(
  to: ByteWriter,
  table: Table,
  rows: ReadonlyMap<string, Row> = NO_ROWS,
  before: RowCodes | undefined,
): RowCodes {
  const { names, codings } = layoutOf(table);
  const codes = new Map<string, readonly Code[]>();
  for (const [key, row] of rows)
    codes.set(
      key,
      codings.map((coding, at) => encode(coding, row[names[at] ?? ""])),
    );
  writeKeys(to, codes, before);
  for (const [key, row] of codes) writeRow(to, codings, row, before?.get(key));
  return codes;
}

/** @throws {FrameError} for what was never written */
export function readTable(from: ByteReader, table: Table, before: RowCodes | undefined): RowCodes {
  const { codings } = layoutOf(table);
  const codes = new Map<string, readonly Code[]>();
  const keys = readKeys(from, before);
  for (const key of keys) codes.set(key, readRow(from, codings, before?.get(key)));
  if (codes.size < keys.length) throw new RangeError("two rows have the same key");
  return codes;
}

function writeKeys(to: ByteWriter, rows: RowCodes, before: RowCodes | undefined): void {
  if (before !== undefined && isSameOrder(rows, before)) {
    to.u8(SAME);
    return;
  }
  to.u8(LISTED);
  to.varint(rows.size);
  for (const key of rows.keys()) to.text(key);
}

function readKeys(from: ByteReader, before: RowCodes | undefined): string[] {
  const how = from.u8();
  if (how === SAME && before !== undefined) return [...before.keys()];
  if (how !== LISTED) throw new RangeError("its keys are neither listed nor those of the tick before");
  const count = from.count(1);
  if (count > MOST_ROWS) throw new RangeError(`a table of ${count} rows`);
  return Array.from({ length: count }, () => from.text(MOST_KEY));
}

function isSameOrder(rows: RowCodes, before: RowCodes): boolean {
  if (rows.size !== before.size) return false;
  const keys = before.keys();
  for (const key of rows.keys()) if (keys.next().value !== key) return false;
  return true;
}

function writeRow(
  to: ByteWriter,
  codings: readonly Coding[],
  row: readonly Code[],
  before: readonly Code[] | undefined,
): void {
  let changed = 0;
  if (before !== undefined) {
    for (let at = 0; at < row.length; at++) if (!Object.is(row[at], before[at])) changed |= 1 << at;
    to.varint(changed);
  }
  for (const [at, coding] of codings.entries())
    if (before === undefined || (changed & (1 << at)) !== 0) writeCode(to, coding, row[at]);
}

function readRow(
  from: ByteReader,
  codings: readonly Coding[],
  before: readonly Code[] | undefined,
): readonly Code[] {
  const changed = before === undefined ? 0 : from.varint(2 ** codings.length - 1);
  return codings.map((coding, at) =>
    before === undefined || (changed & (1 << at)) !== 0 ? readCode(from, coding) : before[at],
  );
}

function encode(coding: Coding, value: unknown): Code {
  return coding.kind === "text" ? coding.encode(value) : coding.encode(value);
}
