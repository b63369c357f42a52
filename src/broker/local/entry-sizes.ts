import { MAX_OFFSET } from "../../protocol/index.js";
import { entryKey, offsetOfKey, type Table } from "./environment.js";
import type { ReadRows } from "./oldest-rows.js";
import { storedSize } from "./record.js";

export interface EntrySize {
  readonly offset: number;
  readonly size: number;
}

/** A log's entries on the disk, as far as retention has to know them: their offsets and sizes. */
export function readEntrySizes(table: Table, channel: number): ReadRows<EntrySize> {
  return (after, least) => {
    const range = { start: entryKey(channel, after + 1), end: entryKey(channel, MAX_OFFSET), limit: least };
    table.resetReadTxn();
    const rows = Array.from(table.getRange(range), ({ key, value }) => ({
      offset: offsetOfKey(key),
      size: storedSize(value),
    }));
    table.resetReadTxn();
    return rows;
  };
}
