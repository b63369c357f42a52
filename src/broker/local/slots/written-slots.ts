import { offsetAt } from "../../../protocol/index.js";
import type { Payload, Retain } from "../../contract.js";
import type { SlotStore } from "../../log/slots/appending.js";
import type { SlotState } from "../../log/slots/decide.js";
import { dueOf, sizeOfSlot, type EntryHead } from "../../log/slots/slot-map.js";
import type { Change } from "../../slots-contract.js";
import type { LogShare } from "../log-share.js";
import { EntryHeads } from "./entry-heads.js";
import { OldestRows } from "../oldest-rows.js";
import { readGraves, type Grave } from "./graves.js";
import { changeKey, dueKey, graveKey, slotKey, slotName, type SlotName } from "./slot-keys.js";
import { packChange, packPlace, unpackPlace, unpackRow, type SlotPlace } from "./slot-rows.js";

/** What a log's slots come to. */
export interface SlotsTotals {
  /** How many slots hold something, and how many bytes of names and payloads. */
  readonly count: number;
  readonly bytes: number;
  /** How many tombstones there are, and how many bytes of names. */
  readonly graves: number;
  readonly graveBytes: number;
  /** The newest tombstone that was dropped; 0 where none was. */
  readonly floor: number;
}

/** The newest change of a slot. */
interface Held extends SlotState {
  readonly place: SlotPlace;
}

/** The value of a row that says everything in its key. */
const NOTHING = Buffer.of(0);

/** What slots hold, by their names in keys; `undefined`: of that one neither a payload nor a tombstone is left. */
type HeldSlots = Map<string, Held | undefined>;

/**
 * The slots of one log as its writer has them. They lie on the disk; in memory are those that it does not show yet, and those
 * that the present call has looked at. What changes goes into the next transaction.
 */
export class WrittenSlots implements SlotStore {
  readonly #share: LogShare;
  readonly #channel: number;
  readonly #heads: EntryHeads;
  readonly #oldest: OldestRows<Grave>;
  /** Those that changed since the last {@link save}, and those that are on their way to the disk. */
  #changed: HeldSlots = new Map();
  #underWay: HeldSlots = new Map();
  /** Those that were read from the disk since {@link begin}. */
  #looked: HeldSlots = new Map();
  #count: number;
  #bytes: number;
  #graves: number;
  #graveBytes: number;
  #floor: number;

  /** @param channel the log's number */
  constructor(share: LogShare, channel: number, totals: SlotsTotals) {
    this.#share = share;
    this.#channel = channel;
    this.#heads = new EntryHeads(share, channel);
    this.#oldest = new OldestRows(readGraves(share.env.entries, channel), 0, totals.graves === 0);
    this.#count = totals.count;
    this.#bytes = totals.bytes;
    this.#graves = totals.graves;
    this.#graveBytes = totals.graveBytes;
    this.#floor = totals.floor;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get floor(): number {
    return this.#floor;
  }

  get totals(): SlotsTotals {
    const [count, bytes, graves] = [this.#count, this.#bytes, this.#graves];
    return { count, bytes, graves, graveBytes: this.#graveBytes, floor: this.#floor };
  }

  /** Runs a step that sees the disk as it is now. */
  step<T>(run: () => T): T {
    const { entries } = this.#share.env;
    entries.resetReadTxn();
    try {
      return run();
    } finally {
      entries.resetReadTxn();
      this.#looked = new Map();
    }
  }

  get(slot: string): SlotState | undefined {
    return this.#get(slotName(slot));
  }

  push({ offset, prev, meta }: EntryHead, changes: readonly Change[], wall: number): Change[] {
    const { env, commit } = this.#share;
    const [only] = changes.length === 1 ? [{ prev, meta }] : [];
    if (changes.length > 1) this.#heads.add(offset, { prev, meta }, changes.length);
    const graves: Grave[] = [];
    for (const [i, change] of changes.entries()) {
      const { slot, data, ttl } = change;
      const name = slotName(slot);
      const was = ttl === "keep" ? this.#get(name)?.due : undefined;
      this.#leave(name);
      const isGrave = data === undefined;
      const size = sizeOfSlot(slot, data);
      const place = { offset, index: only ? 0 : i + 1, due: dueOf(data, ttl, wall, was), size, isGrave };
      commit.changes.put(env.entries, changeKey(this.#channel, place), packChange(change, only));
      this.#put(name, place, data);
      if (isGrave) {
        commit.changes.put(env.entries, graveKey(this.#channel, place), Buffer.from(slot));
        graves.push({ offset, index: place.index, slot });
        this.#graves += 1;
        this.#graveBytes += size;
      } else {
        this.#count += 1;
        this.#bytes += size;
      }
    }
    this.#oldest.pushAll(graves);
    return changes.map(({ slot, data }) => ({ slot, data }));
  }

  renew(changes: readonly Change[], wall: number): void {
    const { env, commit } = this.#share;
    for (const { slot, data, ttl } of changes) {
      const name = slotName(slot);
      const held = this.#get(name);
      if (held?.data === undefined) continue;
      const due = dueOf(data, ttl, wall, held.due);
      if (due === held.due) continue;
      if (held.due !== Infinity) commit.changes.remove(env.entries, dueKey(this.#channel, held.due, name));
      this.#put(name, { ...held.place, due }, held.data);
    }
  }

  /** Drops the tombstones that are not to be kept any more. Whoever is behind one of them has to begin anew. */
  dropGraves({ count = Infinity, bytes = Infinity, age }: Retain, wall: number): void {
    const oldest = age === undefined ? 0 : offsetAt(wall - age);
    for (;;) {
      const isOver = this.#graves > count || this.#graveBytes > bytes;
      if (this.#graves === 0 || (!isOver && age === undefined)) return;
      const grave = this.#oldest.peek();
      if (grave === undefined || (!isOver && grave.offset >= oldest)) return;
      this.#oldest.drop();
      this.#dropGrave(grave);
    }
  }

  /** Puts what is put once a transaction. */
  save(): void {
    this.#heads.save();
    this.#underWay = this.#changed;
    this.#changed = new Map();
  }

  /** What was saved last is on the disk: entries up to `head`. */
  committed(head: number): void {
    this.#underWay = new Map();
    this.#oldest.committed(head);
  }

  #dropGrave({ offset, index, slot }: Grave): void {
    const name = slotName(slot);
    const place = this.#get(name)?.place;
    // It was set again meanwhile, and perhaps deleted again.
    if (place === undefined || place.offset !== offset || place.index !== index) return;
    this.#leave(name);
    const { env, commit } = this.#share;
    commit.changes.remove(env.entries, slotKey(this.#channel, name));
    this.#changed.set(textOf(name), undefined);
    this.#floor = Math.max(this.#floor, offset);
  }

  /** Its newest change is that no more, and goes. What says where that is, is the caller's to put or to remove. */
  #leave(name: SlotName): void {
    const held = this.#get(name);
    if (held === undefined) return;
    const { env, commit } = this.#share;
    const { place } = held;
    commit.changes.remove(env.entries, changeKey(this.#channel, place));
    if (place.index > 0) this.#heads.leave(place.offset);
    if (place.due !== Infinity) commit.changes.remove(env.entries, dueKey(this.#channel, place.due, name));
    if (place.isGrave) {
      commit.changes.remove(env.entries, graveKey(this.#channel, place));
      this.#graves -= 1;
      this.#graveBytes -= place.size;
    } else {
      this.#count -= 1;
      this.#bytes -= place.size;
    }
  }

  #put(name: SlotName, place: SlotPlace, data: Payload | undefined): void {
    const { env, commit } = this.#share;
    commit.changes.put(env.entries, slotKey(this.#channel, name), packPlace(place));
    if (place.due !== Infinity)
      commit.changes.put(env.entries, dueKey(this.#channel, place.due, name), NOTHING);
    // A copy: the bytes are often a view that would keep a whole receive buffer alive.
    const kept = typeof data === "object" ? new Uint8Array(data) : data;
    this.#changed.set(textOf(name), heldAt(place, kept));
  }

  #get(name: SlotName): Held | undefined {
    const text = textOf(name);
    for (const slots of [this.#changed, this.#underWay, this.#looked]) {
      const held = slots.get(text);
      if (held !== undefined || slots.has(text)) return held;
    }
    const held = this.#read(name);
    this.#looked.set(text, held);
    return held;
  }

  #read(name: SlotName): Held | undefined {
    const { entries } = this.#share.env;
    const found = entries.getBinary(slotKey(this.#channel, name));
    if (found === undefined) return undefined;
    const place = unpackPlace(found);
    if (place.isGrave) return heldAt(place, undefined);
    const row = entries.getBinary(changeKey(this.#channel, place));
    return heldAt(place, row === undefined ? undefined : unpackRow(row).change?.data);
  }
}

function heldAt(place: SlotPlace, data: Payload | undefined): Held {
  return { entry: place, data, due: place.due, place };
}

/** A name in keys as a text that a map can have. */
function textOf(name: SlotName): string {
  return name.toString("latin1");
}
