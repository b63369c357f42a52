/**
 * What a node holds of a channel that is kept by slots: what the log adds up to, from a floor of its own on, and nothing else.
 * In the order of last change, so that what follows a cursor is the end of it.
 */
import type { ChangesEntry, Payload } from "../../../broker/index.js";
import type { KnownSlot, Tally, View, Walked } from "../slots-kind.js";
import { ChangeCounts, changesBetween, type Matching } from "./change-counts.js";
import { ALL } from "./views.js";

/** What a slot costs beside its name and what it holds, in bytes: about what the objects take. */
const SLOT_BYTES = 176;

/** What has changed is gone through for a list of names while it is fewer than this part of them: to look one up takes about as long. */
const LOOKS = 4;

/** The newest change of a slot. What it says never changes: cuts keep it after it was overtaken. */
export class Held implements KnownSlot {
  readonly slot: string;
  readonly offset: number;
  readonly data: Payload | undefined;
  /** How many changes of its slot there were, with this one. */
  readonly changes: number;
  readonly matching: Matching;
  /** Its neighbours in the order of last change, while it is the newest of its slot. */
  older: Held | undefined;
  newer: Held | undefined;
  #text: string | undefined;
  #size = 0;

  constructor(slot: string, { offset, data }: KnownSlot, changes: number, matching: Matching) {
    this.slot = slot;
    this.offset = offset;
    this.data = data;
    this.changes = changes;
    this.matching = matching;
  }

  /** As it stands in messages: `"slot",value`, or only the name where it holds nothing. Made when it is needed first, and kept. */
  get text(): string {
    if (this.#text === undefined) {
      const name = JSON.stringify(this.slot);
      this.#text = this.data === undefined ? name : `${name},${jsonOf(this.data)}`;
      this.#size = Buffer.byteLength(this.#text) + 1;
    }
    return this.#text;
  }

  /** Bytes that the text takes, with the comma behind it. */
  get size(): number {
    return this.text === "" ? 0 : this.#size;
  }

  /** About how many bytes it holds. */
  get bytes(): number {
    return SLOT_BYTES + 2 * this.slot.length + (this.data?.length ?? 0);
  }
}

/** What follows a cursor, as of one head: it never changes, whatever the memory does afterwards. */
export interface SlotCut {
  readonly from: number;
  readonly end: number;
  /** Each slot once, in no special order; tombstones only where `from` is not the beginning. */
  readonly changes: readonly Held[];
  /** How many changes these are the newest of, where that is known. */
  readonly merged: number | undefined;
  /** How many there were up to the end. */
  readonly tally: Tally | undefined;
}

export interface SlotMemoryOptions {
  /** How many tombstones are kept for those who come from a cursor. */
  readonly graves: number;
}

export class SlotMemory {
  readonly #slots = new Map<string, Held>();
  readonly #counts = new ChangeCounts();
  readonly #mostGraves: number;
  #oldest: Held | undefined;
  #newest: Held | undefined;
  #graves = 0;
  #bytes = 0;
  #floor = 0;
  #head = 0;

  constructor({ graves }: SlotMemoryOptions) {
    this.#mostGraves = graves;
  }

  /** Up to where it is complete. */
  get head(): number {
    return this.#head;
  }

  /** From a cursor below it, what follows is not known: tombstones are missing. */
  get floor(): number {
    return this.#floor;
  }

  /** How many slots hold something. */
  get size(): number {
    return this.#slots.size - this.#graves;
  }

  /** About how many bytes it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  get(slot: string): KnownSlot | undefined {
    return this.#slots.get(slot);
  }

  /** Every slot, tombstones included, oldest change first. */
  *[Symbol.iterator](): Iterator<[string, KnownSlot]> {
    for (let held = this.#oldest; held !== undefined; held = held.newer) yield [held.slot, held];
  }

  /** Forgets everything: what comes next is a walk from the beginning. */
  clear(): void {
    this.#slots.clear();
    this.#oldest = this.#newest = undefined;
    this.#graves = this.#bytes = this.#floor = this.#head = 0;
    this.#counts.forget();
  }

  /** What such a view sees is counted from here on, until `unfollow` was called as often. */
  follow({ prefix }: View): void {
    if (prefix !== undefined) this.#counts.follow(prefix);
  }

  unfollow({ prefix }: View): void {
    if (prefix !== undefined) this.#counts.unfollow(prefix);
  }

  /** The next entry of the log, all of whose changes are known. */
  push({ offset, changes = [] }: ChangesEntry): void {
    for (const { slot, data } of changes) this.#set(slot, { offset, data });
    this.#head = Math.max(this.#head, offset);
    this.#dropGraves();
  }

  /** What a walk has brought. */
  take({ slots, at, floor }: Walked): void {
    // Hints that joined it are older than what its last pages brought.
    const known = [...slots].sort(([, one], [, other]) => one.offset - other.offset);
    for (const [slot, change] of known) this.#set(slot, change);
    this.#head = at;
    this.#floor = Math.max(this.#floor, floor);
    // It may have gone past any number of changes.
    this.#counts.forget();
    this.#dropGraves();
  }

  /**
   * What follows the cursor at `from`; `undefined` where that is below the floor. From 0 it is all there is.
   *
   * @param since how many changes the view had seen up to there, where that is known
   */
  cut(from: number, view: View = ALL, since?: Tally): SlotCut | undefined {
    if (from > 0 && from < this.#floor) return undefined;
    const { names } = view;
    const changes = this.#changed(from, view, names === undefined ? Infinity : names.length / LOOKS);
    if (changes === undefined) return this.#lookedUp(from, names ?? [], since);
    const tally = changes.length === 0 && since !== undefined ? since : this.#tally(view);
    return this.#cutOf(from, changes, tally, since);
  }

  #cutOf(
    from: number,
    changes: readonly Held[],
    tally: Tally | undefined,
    since: Tally | undefined,
  ): SlotCut {
    return { from, end: this.#head, changes, merged: changesBetween(since, tally), tally };
  }

  /** `undefined` where more than `most` would have to be looked at. */
  #changed(from: number, view: View, most: number): Held[] | undefined {
    const changes: Held[] = [];
    let looks = 0;
    for (let held = this.#newest; held !== undefined && held.offset > from; held = held.older) {
      if (++looks > most) return undefined;
      // Whoever begins holds nothing that could be deleted.
      if ((from > 0 || held.data !== undefined) && view.wants(held.slot)) changes.push(held);
    }
    return changes.reverse();
  }

  /** Of a few names, where more has changed than that. */
  #lookedUp(from: number, names: readonly string[], since: Tally | undefined): SlotCut {
    const changed: Held[] = [];
    let changes = 0;
    for (let i = 0; i < names.length; i++) {
      const held = this.#slots.get(names[i] as string);
      if (held === undefined) continue;
      changes += held.changes;
      if (held.offset > from && (from > 0 || held.data !== undefined)) changed.push(held);
    }
    return this.#cutOf(from, changed, this.#counts.sum(changes), since);
  }

  /** How many changes the view has seen. */
  #tally({ names, prefix }: View): Tally | undefined {
    if (prefix !== undefined) return this.#counts.of(prefix);
    if (names === undefined) return this.#counts.all;
    let changes = 0;
    for (let i = 0; i < names.length; i++) changes += this.#slots.get(names[i] as string)?.changes ?? 0;
    return this.#counts.sum(changes);
  }

  #set(slot: string, known: KnownSlot): void {
    const before = this.#slots.get(slot);
    if (before !== undefined) {
      if (before.offset > known.offset) return;
      this.#unlink(before);
    }
    const matching = this.#counts.count(slot, before?.matching);
    const held = new Held(slot, known, (before?.changes ?? 0) + 1, matching);
    this.#slots.set(slot, held);
    held.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = held;
    else this.#newest.newer = held;
    this.#newest = held;
    this.#bytes += held.bytes;
    if (held.data === undefined) this.#graves++;
  }

  #unlink(held: Held): void {
    const { older, newer } = held;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // A cut may keep it: it must not keep its neighbours of then.
    held.older = held.newer = undefined;
    this.#bytes -= held.bytes;
    if (held.data === undefined) this.#graves--;
  }

  #dropGraves(): void {
    if (this.#graves <= this.#mostGraves) return;
    this.#counts.forgetSlots();
    // At once for many: finding them costs a look at all slots.
    const keep = this.#mostGraves - (this.#mostGraves >> 2);
    for (let held = this.#oldest; held !== undefined && this.#graves > keep;) {
      const { newer } = held;
      if (held.data === undefined) {
        this.#slots.delete(held.slot);
        this.#unlink(held);
        this.#floor = Math.max(this.#floor, held.offset);
      }
      held = newer;
    }
  }
}

/** What a slot holds, as JSON. Where an application has put bytes into such a log by another way, they have no place in that. */
export function jsonOf(data: Payload | undefined): string {
  return typeof data === "string" ? data : "null";
}
