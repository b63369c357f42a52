import { offsetAt } from "../../../protocol/index.js";
import {
  DUE_REST_MS,
  type Change,
  type ChangesEntry,
  type SlotsFrom,
  type SlotsOptions,
  type SlotsPage,
} from "../../slots-contract.js";
import { unpackMeta, type ChannelMeta } from "../channel-meta.js";
import type { Environment } from "../environment.js";
import { readFirstEpoch, readIncarnation } from "../stored-first-epochs.js";
import {
  allDues,
  changeKey,
  changesAfter,
  dueOfKey,
  gravesBetween,
  nameOfDue,
  placeOfGrave,
  placeOfKey,
  slotKey,
  slotName,
  type SlotName,
} from "./slot-keys.js";
import { unpackPlace, unpackRow, type RowHead } from "./slot-rows.js";
import type { SlotsMeta } from "./slots-meta.js";

/** A page, and when its log was last noted to be in use; `undefined` where there is no log. */
export interface ReadSlots {
  readonly page: SlotsPage;
  readonly usedAt: number | undefined;
}

type SlotsLogMeta = ChannelMeta & { readonly slots: SlotsMeta };

/** Changes of one entry as they are found. */
interface Found extends RowHead {
  readonly offset: number;
  readonly changes: Change[];
  /** Bytes of names, payloads and meta. */
  size: number;
}

/** Reads logs that are kept by slots straight from the disk's pages in memory; as `LogReader` does the others. */
export class SlotsReader {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /**
   * As `Broker.readSlots`, at this wall time. Every step judges by the store's newest incarnation.
   *
   * @returns `undefined` where the writer has to open a new epoch first, or to say that it has
   */
  read(
    channel: string,
    from: SlotsFrom,
    { keeping }: SlotsOptions,
    now: number,
    incarnation: string,
  ): ReadSlots | undefined {
    const { root, channels } = this.#env;
    root.resetReadTxn();
    try {
      const bytes = channels.getBinary(Buffer.from(channel));
      const meta = bytes === undefined ? undefined : unpackMeta(bytes);
      if (meta === undefined || !isOfSlots(meta)) {
        const epochs = [{ epoch: readFirstEpoch(this.#env, channel), base: 0 }];
        return { page: { entries: [], floor: 0, head: 0, epochs }, usedAt: undefined };
      }
      if (meta.incarnation !== incarnation || readIncarnation(this.#env) !== incarnation) return undefined;
      const { age } = keeping.graves;
      const oldest = age === undefined ? 0 : offsetAt(now - age);
      return { page: this.#page(meta, from, now, oldest), usedAt: meta.usedAt };
    } finally {
      root.resetReadTxn();
    }
  }

  /** @param oldest tombstones from before that offset are there no more, though the writer has yet to drop them */
  #page(meta: SlotsLogMeta, from: SlotsFrom, now: number, oldest: number): SlotsPage {
    const { number, head, epochs, slots } = meta;
    const entries =
      "after" in from ? this.#after(number, from, oldest) : this.#named(meta, from, now, oldest);
    const floor = Math.max(slots.floor, this.#newestGraveBefore(meta, oldest));
    const nextDue = this.#nextDue(number);
    const page = { entries, floor, head, epochs };
    if (nextDue === undefined) return page;
    return { ...page, due: Math.max(0, nextDue - now, slots.begunAt + DUE_REST_MS - now) };
  }

  #after(
    channel: number,
    { after, limit, bytes }: Extract<SlotsFrom, { after: number }>,
    oldest: number,
  ): ChangesEntry[] {
    const entries: ChangesEntry[] = [];
    if (limit < 1) return entries;
    let found: Found | undefined;
    let room = bytes;
    for (const { key, value } of this.#env.entries.getRange(changesAfter(channel, after))) {
      const { offset } = placeOfKey(key);
      const { head, change, size } = unpackRow(value);
      if (head !== undefined) {
        if (found !== undefined && found.changes.length > 0) {
          entries.push(entryOf(found));
          room -= found.size;
          if (entries.length === limit) return entries;
        }
        found = { offset, ...head, changes: [], size: 0 };
      }
      if (found === undefined || (change?.data === undefined && change !== undefined && offset < oldest))
        continue;
      found.size += size;
      if (change !== undefined) found.changes.push(change);
      // The rest of it makes it no smaller.
      if (found.size > room && entries.length > 0) return entries;
    }
    if (found !== undefined && found.changes.length > 0) entries.push(entryOf(found));
    return entries;
  }

  #named(
    meta: SlotsLogMeta,
    from: Exclude<SlotsFrom, { after: number }>,
    now: number,
    oldest: number,
  ): ChangesEntry[] {
    const { entries } = this.#env;
    const channel = meta.number;
    const names = "slots" in from ? [...new Set(from.slots)].map(slotName) : this.#due(meta, from.due, now);
    const found = new Map<number, Found>();
    for (const name of names) {
      const at = entries.getBinary(slotKey(channel, name));
      if (at === undefined) continue;
      const place = unpackPlace(at);
      if (place.isGrave && place.offset < oldest) continue;
      const { offset } = place;
      const row = entries.getBinary(changeKey(channel, place));
      const { head, change } = row === undefined ? {} : unpackRow(row);
      if (change === undefined) continue;
      let entry = found.get(offset);
      if (entry === undefined) {
        entry = { offset, ...(head ?? this.#head(channel, offset)), changes: [], size: 0 };
        found.set(offset, entry);
      }
      entry.changes.push(change);
    }
    return [...found.values()].sort((one, other) => one.offset - other.offset).map(entryOf);
  }

  #head(channel: number, offset: number): RowHead {
    const row = this.#env.entries.getBinary(changeKey(channel, { offset, index: 0 }));
    return (row === undefined ? undefined : unpackRow(row).head) ?? { prev: 0, meta: undefined };
  }

  #newestGraveBefore({ number }: SlotsLogMeta, offset: number): number {
    if (offset === 0) return 0;
    const { start, end } = gravesBetween(number, 0, offset);
    const range = { start: end, end: start, reverse: true, limit: 1, exclusiveStart: true };
    for (const key of this.#env.entries.getKeys(range)) return placeOfGrave(key).offset;
    return 0;
  }

  #due({ number, slots }: SlotsLogMeta, limit: number, now: number): SlotName[] {
    const names: SlotName[] = [];
    if (now - slots.begunAt < DUE_REST_MS) return names;
    for (const key of this.#env.entries.getKeys({ ...allDues(number), limit })) {
      if (dueOfKey(key) > now) break;
      names.push(nameOfDue(key));
    }
    return names;
  }

  #nextDue(channel: number): number | undefined {
    for (const key of this.#env.entries.getKeys({ ...allDues(channel), limit: 1 })) return dueOfKey(key);
    return undefined;
  }
}

function isOfSlots(meta: ChannelMeta): meta is SlotsLogMeta {
  return meta.slots !== undefined;
}

function entryOf({ offset, prev, meta, changes }: Found): ChangesEntry {
  return meta === undefined ? { offset, prev, changes } : { offset, prev, changes, meta };
}
