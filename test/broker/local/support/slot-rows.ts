import { expect } from "vitest";
import { unpackMeta } from "../../../../src/broker/local/channel-meta.js";
import { entryKey, openForReading } from "../../../../src/broker/local/environment.js";
import {
  allDues,
  changeKey,
  changesAfter,
  dueOfKey,
  gravesBetween,
  placeOfGrave,
  placeOfKey,
  slotKey,
  slotName,
} from "../../../../src/broker/local/slots/slot-keys.js";
import { liveOf, unpackPlace, unpackRow } from "../../../../src/broker/local/slots/slot-rows.js";
import { sizeOfSlot } from "../../../../src/broker/log/slots/slot-map.js";
import { MAX_OFFSET } from "../../../../src/protocol/index.js";

/** Fails unless all rows of a folder's logs by slots fit each other and what their channels say of them. */
export async function checkSlotRows(dir: string): Promise<void> {
  const env = openForReading(dir);
  const { channels, entries } = env;
  env.root.resetReadTxn();
  const metas = Array.from(channels.getRange({}), ({ key, value }) => ({
    name: Buffer.from(key).toString(),
    meta: unpackMeta(value),
  }));
  for (const { name, meta } of metas) {
    if (meta.slots === undefined) continue;
    const { number } = meta;
    const found = { count: 0, bytes: 0, graves: 0, graveBytes: 0 };
    const dues: number[] = [];
    const graves: unknown[] = [];
    const live = new Map<number, number>();
    const heads = new Map<number, number>();
    let places = 0;
    for (const { key, value } of Array.from(entries.getRange(changesAfter(number, 0)), copyOf)) {
      const place = placeOfKey(key);
      const { head, change } = unpackRow(value);
      expect(head !== undefined).toBe(place.index === 0);
      if (change === undefined) {
        heads.set(place.offset, liveOf(value));
        continue;
      }
      const { slot, data } = change;
      const at = unpackPlace(entries.getBinary(slotKey(number, slotName(slot))) ?? Buffer.alloc(25));
      const isGrave = data === undefined;
      expect(at).toMatchObject({ ...place, isGrave, size: sizeOfSlot(slot, data) });
      places += 1;
      if (place.index > 0) live.set(place.offset, (live.get(place.offset) ?? 0) + 1);
      if (at.due !== Infinity) dues.push(at.due);
      if (isGrave) graves.push(place);
      found[isGrave ? "graves" : "count"] += 1;
      found[isGrave ? "graveBytes" : "bytes"] += at.size;
    }
    const { count, bytes, slots } = meta;
    expect(found).toEqual({ count, bytes, graves: slots.graves, graveBytes: slots.graveBytes });
    expect(heads).toEqual(live);
    expect(Array.from(entries.getKeys(gravesBetween(number, 0, MAX_OFFSET)), placeOfGrave)).toEqual(graves);
    expect(Array.from(entries.getKeys(allDues(number)), dueOfKey)).toEqual(dues.sort((a, b) => a - b));
    const rows = entries.getKeysCount({ start: entryKey(number, 0), end: entryKey(number + 1, 0) });
    expect([name, rows]).toEqual([name, 2 * places + heads.size + graves.length + dues.length]);
    for (const offset of heads.keys())
      expect(entries.doesExist(changeKey(number, { offset, index: 0 }))).toBe(true);
  }
  env.root.resetReadTxn();
  await env.root.close();
}

function copyOf({ key, value }: { key: Uint8Array; value: Uint8Array }): { key: Buffer; value: Buffer } {
  return { key: Buffer.from(key), value: Buffer.from(value) };
}
