import { MAX_OFFSET } from "../../../protocol/index.js";
import type { Table } from "../environment.js";
import type { ReadRows } from "../oldest-rows.js";
import { bufferOf, gravesBetween, placeOfGrave, type Place } from "./slot-keys.js";

/** A tombstone, as it was when it came: the slot may hold something again. */
export interface Grave extends Place {
  readonly slot: string;
}

/** A log's tombstones on the disk. An entry may have several, which are read together. */
export function readGraves(table: Table, channel: number): ReadRows<Grave> {
  return (after, least) => {
    const graves: Grave[] = [];
    for (const { key, value } of table.getRange(gravesBetween(channel, after + 1, MAX_OFFSET))) {
      const place = placeOfGrave(key);
      if (graves.length >= least && place.offset !== graves.at(-1)?.offset) break;
      graves.push({ ...place, slot: bufferOf(value).toString() });
    }
    return graves;
  };
}
