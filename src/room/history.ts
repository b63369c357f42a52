/** The rows of one table in the newest ticks, as codes. What writes to it is a scan, or the ticks of another process. */
import type { Table, Value } from "./column.js";
import { Entities, HISTORY } from "./entities.js";
import { layoutOf, valueOf, type Code, type Layout } from "./layout.js";
import { codeAt, growRing, makeRing, setCode, SLOTS, turnRing, type Ring } from "./ring.js";

export class History {
  readonly table: Table;
  readonly layout: Layout;
  readonly entities = new Entities();
  readonly rings: readonly Ring[];
  /** The newest tick, or -1. */
  newest = -1;
  /** How often everything was forgotten: ticks of different lives have nothing to do with one another. */
  life = 0;
  /** Where the tick before it lies; for the first one, whose rows are all new, where itself does. */
  slotBefore = 0;
  /** Ids in the order of the rows, by slot; as many of them as `counts` says. */
  readonly orders: Uint16Array[] = Array.from({ length: SLOTS }, () => new Uint16Array(0));
  readonly counts: number[] = Array.from({ length: SLOTS }, () => 0);
  readonly #ticks: number[] = Array.from({ length: SLOTS }, () => -1);

  constructor(table: Table) {
    this.table = table;
    this.layout = layoutOf(table);
    this.rings = this.layout.codings.map(makeRing);
  }

  /** Whether a tick is the newest, or one of the 32 before it, and was written. */
  holds(tick: number): boolean {
    return (
      tick >= 0 && tick <= this.newest && tick >= this.newest - HISTORY && this.#ticks[tick % SLOTS] === tick
    );
  }

  /** Where a tick lies that is held. */
  slotOf(tick: number): number {
    return tick % SLOTS;
  }

  /**
   * Begins a tick behind the newest one, with no rows in order. `keeps` lets all values be as in the tick before;
   * otherwise those of all its rows are to be written.
   */
  begin(tick: number, keeps: boolean): number {
    const slot = tick % SLOTS;
    const before = this.newest < 0 ? slot : this.newest % SLOTS;
    this.slotBefore = before;
    for (const ring of this.rings) turnRing(ring, slot, before, keeps);
    this.#ticks[slot] = tick;
    this.counts[slot] = 0;
    this.newest = tick;
    this.entities.release(tick);
    return slot;
  }

  /** A row of the newest tick, under a key that has none, with a free id; its values are to be written. */
  add(id: number, key: string): void {
    const { entities } = this;
    const { capacity } = entities;
    entities.add(id, key, this.newest);
    if (entities.capacity === capacity) return;
    for (const [column, ring] of this.rings.entries()) {
      const coding = this.layout.codings[column];
      if (coding !== undefined) growRing(ring, coding, entities.capacity);
    }
  }

  /** The list in which the order of a tick's rows is to be written: for so many of them. */
  orderFor(slot: number, count: number): Uint16Array {
    let order = this.orders[slot];
    if (order === undefined || order.length < count) {
      order = new Uint16Array(Math.max(16, 2 ** Math.ceil(Math.log2(count))));
      this.orders[slot] = order;
    }
    this.counts[slot] = count;
    return order;
  }

  /** The ids of the rows of a tick that is held, in their order. */
  idsAt(tick: number): Uint16Array {
    const slot = tick % SLOTS;
    return (this.orders[slot] ?? new Uint16Array(0)).subarray(0, this.counts[slot]);
  }

  code(column: number, slot: number, id: number): Code {
    const ring = this.rings[column];
    return ring && codeAt(ring, slot, id);
  }

  set(column: number, slot: number, id: number, code: Code): void {
    const ring = this.rings[column];
    if (ring !== undefined) setCode(ring, slot, id, code);
  }

  /** Which columns of a row differ between two ticks that both have it: a bit for each, the first one's is 1. */
  changes(id: number, from: number, to: number): number {
    let mask = 0;
    for (let column = 0; column < this.rings.length; column++) {
      const ring = this.rings[column] as Ring;
      if (codeAt(ring, from % SLOTS, id) !== codeAt(ring, to % SLOTS, id)) mask |= 1 << column;
    }
    return mask;
  }

  /** A row as it was in a tick that is held, as an object of its own. */
  rowAt(id: number, tick: number): Record<string, Value> {
    const { names, codings } = this.layout;
    const row: Record<string, Value> = {};
    for (const [column, name] of names.entries()) {
      const coding = codings[column];
      if (coding !== undefined) row[name] = valueOf(coding, this.code(column, tick % SLOTS, id));
    }
    return row;
  }

  /** Forgets everything. */
  clear(): void {
    this.entities.clear();
    this.life++;
    this.newest = -1;
    this.#ticks.fill(-1);
    this.counts.fill(0);
  }
}
