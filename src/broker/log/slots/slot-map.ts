/**
 * What a log that is kept by slots holds: the newest entry of each slot, in the order of their last change, and tombstones for
 * a while. It has no clock: times are given to it, as milliseconds of wall time.
 */
import { offsetAt } from "../../../protocol/index.js";
import type { Payload, Retain } from "../../contract.js";
import type { Change, ChangesEntry } from "../../slots-contract.js";
import { DueTimes } from "./due-times.js";

/** What the slots of one entry have in common. */
export interface EntryHead {
  readonly offset: number;
  readonly prev: number;
  readonly meta: string | undefined;
}

/** The newest entry of a slot. */
export interface HeldSlot {
  readonly entry: EntryHead;
  /** `undefined`: a tombstone. */
  readonly data: Payload | undefined;
  /** When it is due to be deleted; `Infinity`: never. */
  readonly due: number;
  /** Bytes of its name and payload. */
  readonly size: number;
}

/** One change in the order of all of them; overtaken once the slot's newest entry is another one. */
interface Changed {
  readonly slot: string;
  readonly held: HeldSlot;
}

/** Overtaken changes are cleared away when there are more of them than of others, and at least so many. */
const LEAST_OVERTAKEN = 64;

export class SlotMap {
  readonly #held = new Map<string, HeldSlot>();
  /** All changes, oldest first, those that are overtaken among them. */
  #order: Changed[] = [];
  /** Those that are deleted, oldest first, with the bytes of their names. */
  readonly #graves = new Map<string, number>();
  readonly #dues = new DueTimes((slot) => this.#held.get(slot)?.due);
  #bytes = 0;
  #graveBytes = 0;
  #floor = 0;

  /** How many slots hold something. */
  get count(): number {
    return this.#held.size - this.#graves.size;
  }

  /** Bytes of names and payloads of those. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many tombstones there are. */
  get graves(): number {
    return this.#graves.size;
  }

  /** The newest tombstone that was dropped; 0 where none was. */
  get floor(): number {
    return this.#floor;
  }

  /** When the next slot is due; `undefined` where none will be. */
  get nextDue(): number | undefined {
    return this.#dues.next();
  }

  get(slot: string): HeldSlot | undefined {
    return this.#held.get(slot);
  }

  /**
   * Puts an entry in, which is newer than all before it. Its times to live begin at `wall`.
   *
   * @returns the changes as they are kept, for whoever is told of them
   */
  push(entry: EntryHead, changes: readonly Change[], wall: number): Change[] {
    const news: Change[] = [];
    for (const { slot, data, ttl } of changes) {
      const was = this.#held.get(slot)?.due;
      this.#forget(slot);
      // A copy: the bytes are often a view that would keep a whole receive buffer alive.
      const kept = data === undefined || typeof data === "string" ? data : new Uint8Array(data);
      const size = sizeOfSlot(slot, data);
      const held = { entry, data: kept, due: dueOf(data, ttl, wall, was), size };
      this.#held.set(slot, held);
      this.#order.push({ slot, held });
      if (data === undefined) {
        const bytes = Buffer.byteLength(slot);
        this.#graves.set(slot, bytes);
        this.#graveBytes += bytes;
      } else this.#bytes += size;
      this.#dues.add(slot, held.due);
      news.push({ slot, data: kept });
    }
    this.#tidy();
    return news;
  }

  /** Sets times to live anew, or ends them, of slots that hold what they are to hold. */
  renew(changes: readonly Change[], wall: number): void {
    for (const { slot, data, ttl } of changes) {
      const held = this.#held.get(slot);
      if (held === undefined || held.data === undefined) continue;
      const renewed = { ...held, due: dueOf(data, ttl, wall, held.due) };
      if (renewed.due === held.due) continue;
      const at = this.#indexOf(slot, held);
      this.#held.set(slot, renewed);
      this.#order[at] = { slot, held: renewed };
      this.#dues.add(slot, renewed.due);
    }
  }

  /** Drops the tombstones that `graves` does not keep any more. Whoever is behind one of them has to begin anew. */
  dropGraves({ count = Infinity, bytes = Infinity, age }: Retain, wall: number): void {
    const oldest = age === undefined ? 0 : offsetAt(wall - age);
    for (const slot of this.#graves.keys()) {
      const { offset } = (this.#held.get(slot) as HeldSlot).entry;
      if (this.#graves.size <= count && this.#graveBytes <= bytes && offset >= oldest) break;
      this.#forget(slot);
      this.#held.delete(slot);
      this.#floor = Math.max(this.#floor, offset);
    }
    this.#tidy();
  }

  /** Up to `limit` slots that are due at `wall`, the one that has been for longest first. */
  due(wall: number, limit: number): string[] {
    return this.#dues.until(wall, limit);
  }

  /** Up to `limit` entries after an offset, and about `bytes` bytes of them, but at least one where there is one. */
  after(offset: number, limit: number, bytes: number): ChangesEntry[] {
    const entries: ChangesEntry[] = [];
    let size = 0;
    for (let i = this.#firstAfter(offset); i < this.#order.length && entries.length < limit;) {
      const found = this.#entryAt(i);
      i = found.next;
      if (found.changes.length === 0) continue;
      size += found.size;
      if (size > bytes && entries.length > 0) break;
      entries.push(entryOf(found.head, found.changes));
    }
    return entries;
  }

  /** The newest entries of some slots, oldest first, tombstones included. */
  of(slots: readonly string[]): ChangesEntry[] {
    const found = new Map<EntryHead, Change[]>();
    for (const slot of new Set(slots)) {
      const held = this.#held.get(slot);
      if (held === undefined) continue;
      const changes = found.get(held.entry) ?? [];
      changes.push({ slot, data: held.data });
      found.set(held.entry, changes);
    }
    return [...found]
      .sort(([one], [other]) => one.offset - other.offset)
      .map(([head, changes]) => entryOf(head, changes));
  }

  clone(): SlotMap {
    const copy = new SlotMap();
    for (const [slot, held] of this.#held) {
      copy.#held.set(slot, held);
      copy.#dues.add(slot, held.due);
    }
    copy.#order = this.#order.slice();
    for (const [slot, bytes] of this.#graves) copy.#graves.set(slot, bytes);
    copy.#bytes = this.#bytes;
    copy.#graveBytes = this.#graveBytes;
    copy.#floor = this.#floor;
    return copy;
  }

  /** Its newest entry counts no more, in whatever it counted. */
  #forget(slot: string): void {
    const held = this.#held.get(slot);
    if (held === undefined) return;
    if (held.data === undefined) {
      this.#graveBytes -= this.#graves.get(slot) ?? 0;
      this.#graves.delete(slot);
    } else this.#bytes -= held.size;
  }

  /** What is left of the entry whose first change is at `start`, and where the next entry begins. */
  #entryAt(start: number): { head: EntryHead; changes: Change[]; size: number; next: number } {
    const head = (this.#order[start] as Changed).held.entry;
    const changes: Change[] = [];
    let size = 0;
    let next = start;
    for (; next < this.#order.length; next++) {
      const { slot, held } = this.#order[next] as Changed;
      if (held.entry.offset !== head.offset) break;
      if (this.#held.get(slot) !== held) continue;
      changes.push({ slot, data: held.data });
      size += held.size;
    }
    return { head, changes, size: size + (head.meta === undefined ? 0 : Buffer.byteLength(head.meta)), next };
  }

  #firstAfter(offset: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle] as Changed).held.entry.offset > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #indexOf(slot: string, { entry }: HeldSlot): number {
    let at = this.#firstAfter(entry.offset - 1);
    while ((this.#order[at] as Changed).slot !== slot) at++;
    return at;
  }

  #tidy(): void {
    const overtaken = this.#order.length - this.#held.size;
    if (overtaken < LEAST_OVERTAKEN || overtaken < this.#held.size) return;
    this.#order = this.#order.filter(({ slot, held }) => this.#held.get(slot) === held);
  }
}

/** What a slot counts: the bytes of its name and its payload. */
export function sizeOfSlot(slot: string, data: Payload | undefined): number {
  const payload = data === undefined ? 0 : typeof data === "string" ? Buffer.byteLength(data) : data.length;
  return Buffer.byteLength(slot) + payload;
}

/** When a slot is due that is set at `wall` and was due at `was`; `Infinity`: never. */
export function dueOf(data: Payload | undefined, ttl: Change["ttl"], wall: number, was = Infinity): number {
  if (data === undefined || ttl === undefined) return Infinity;
  return ttl === "keep" ? was : wall + ttl;
}

function entryOf({ offset, prev, meta }: EntryHead, changes: readonly Change[]): ChangesEntry {
  return meta === undefined ? { offset, prev, changes } : { offset, prev, changes, meta };
}
