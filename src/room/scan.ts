/**
 * From the rows of an application to the codes of a tick. Hot: all rows of a room, in every tick. It goes over rows once for who
 * they are, and then once per column, so that the loops are short and know what they read.
 */
import { utf8Length } from "../protocol/index.js";
import { isIllFormed, type Coding } from "./coding.js";
import type { Value } from "./column.js";
import { MOST_KEY, MOST_ROWS } from "./columns.js";
import type { History } from "./history.js";
import { setCode, type Cells, type Ring, type TextRing } from "./ring.js";

/** A row as an application writes to it. */
export type OpenRow = Record<string, Value>;
export type OpenRows = ReadonlyMap<string, OpenRow>;

const FRESH = 0xffff_ffff;

/** What a scan keeps of one tick for the next: nothing that matters, but memory. */
export class Scanner {
  readonly #history: History;
  /** The rows in order, with their ids; rows that are new have none at first. */
  readonly #rows: OpenRow[] = [];
  #ids = new Uint32Array(16);
  /** The scan in which an id was last come across. */
  #met = new Float64Array(0);
  #round = 0;
  /** Where an id was in the order of the tick before. */
  #places = new Uint32Array(0);

  constructor(history: History) {
    this.#history = history;
  }

  /**
   * Makes what the rows hold now the newest tick. With `settle` each value in them becomes what was read.
   *
   * @throws {RangeError} for a tick that is not behind the newest, too many rows, or a key that is too long; nothing has
   *   changed then
   */
  scan(rows: OpenRows, tick: number, settle: boolean): void {
    const history = this.#history;
    if (!(Number.isSafeInteger(tick) && tick > history.newest))
      throw new RangeError(`tick ${tick} is not behind tick ${history.newest}`);
    if (rows.size > MOST_ROWS)
      throw new RangeError(`a table has at most ${MOST_ROWS} rows at a time, not ${rows.size}`);
    const fresh = this.#meet(rows);
    if (fresh.length > history.entities.room)
      throw new RangeError(`too many rows have come and gone: ${rows.size} now, ${fresh.length} of them new`);
    this.#renew(fresh, rows.size, tick);
    for (const [column, ring] of history.rings.entries()) this.#readColumn(column, ring, settle);
  }

  /** Finds the ids of all rows, and the keys of those that are new. */
  #meet(rows: OpenRows): string[] {
    const round = ++this.#round;
    const { entities, newest } = this.#history;
    const before = this.#history.idsAt(Math.max(0, newest));
    if (this.#ids.length < rows.size) this.#ids = new Uint32Array(2 * rows.size);
    if (this.#met.length < entities.capacity) this.#met = new Float64Array(entities.capacity);
    const met = this.#met;
    const ids = this.#ids;
    const { keys } = entities;
    const fresh: string[] = [];
    let hasPlaces = false;
    let next = 0;
    let count = 0;
    for (const [key, row] of rows) {
      if (typeof row !== "object" || row === null)
        throw new TypeError(`the row of ${JSON.stringify(key)} is no object, but ${String(row)}`);
      // Hot: nearly all rows are in the order of the tick before.
      let id: number | undefined = before[next];
      if (id !== undefined && keys[id] === key) next++;
      else {
        id = entities.idOf(key);
        if (id === undefined) fresh.push(fitKey(key));
        else {
          if (!hasPlaces) this.#findPlaces(before);
          hasPlaces = true;
          const place = this.#places[id] as number;
          if (place >= next) next = place + 1;
        }
      }
      if (id !== undefined) met[id] = round;
      ids[count] = id ?? FRESH;
      this.#rows[count++] = row;
    }
    this.#rows.length = count;
    return fresh;
  }

  #findPlaces(before: Uint16Array): void {
    const { capacity } = this.#history.entities;
    if (this.#places.length < capacity) this.#places = new Uint32Array(capacity);
    for (let place = 0; place < before.length; place++) this.#places[before[place] as number] = place;
  }

  /** Begins the tick: who is not met has gone, who is fresh gets an id. */
  #renew(fresh: readonly string[], count: number, tick: number): void {
    const history = this.#history;
    const { entities } = history;
    const before = history.newest < 0 ? new Uint16Array(0) : history.idsAt(history.newest);
    const slot = history.begin(tick, false);
    if (before.length > count - fresh.length)
      for (const id of before) if (this.#met[id] !== this.#round) entities.remove(id, tick);
    let next = 0;
    const order = history.orderFor(slot, count);
    for (let place = 0; place < count; place++) {
      let id = this.#ids[place] as number;
      if (id === FRESH) {
        id = entities.lowestFree();
        history.add(id, fresh[next++] as string);
      }
      order[place] = id;
    }
  }

  #readColumn(column: number, ring: Ring, settle: boolean): void {
    const { layout, entities, newest, slotBefore, orders, counts } = this.#history;
    const coding = layout.codings[column];
    const name = layout.names[column];
    const slot = this.#history.slotOf(newest);
    const order = orders[slot]?.subarray(0, counts[slot]);
    if (coding === undefined || name === undefined || order === undefined) return;
    const at: Reading = { name, rows: this.#rows, order, changed: entities.changed, tick: newest, settle };
    if (ring.kind === "texts") readTexts(at, coding, ring, slot);
    else {
      const now = ring.slots[slot] as Cells;
      const was = ring.slots[slotBefore] as Cells;
      if (coding.kind === "whole" && coding.linear !== undefined)
        readLinear(at, coding.linear.low, coding.linear.step, coding.most, now, was);
      else if (coding.kind !== "text") readNumbers(at, coding, now, was);
    }
  }
}

/** One column to read: of which rows, with which ids, and where it is noted that a row has changed. */
interface Reading {
  readonly name: string;
  readonly rows: readonly OpenRow[];
  readonly order: Uint16Array;
  readonly changed: Float64Array;
  readonly tick: number;
  readonly settle: boolean;
}

function readLinear(
  { name, rows, order, changed, tick, settle }: Reading,
  low: number,
  step: number,
  most: number,
  now: Cells,
  was: Cells,
): void {
  for (let place = 0; place < order.length; place++) {
    const row = rows[place] as OpenRow;
    const id = order[place] as number;
    const value = row[name];
    const near = Math.round(((typeof value === "number" ? value : Number.NaN) - low) / step);
    // The same as in the column's coding.
    const code = near >= most ? most : near > 0 ? near : 0;
    if (code !== was[id]) changed[id] = tick;
    now[id] = code;
    if (settle) {
      const settled = low + code * step;
      if (settled !== value || value === 0) row[name] = settled;
    }
  }
}

function readNumbers(
  { name, rows, order, changed, tick, settle }: Reading,
  coding: Exclude<Coding, { kind: "text" }>,
  now: Cells,
  was: Cells,
): void {
  for (let place = 0; place < order.length; place++) {
    const row = rows[place] as OpenRow;
    const id = order[place] as number;
    const value = row[name];
    const code = coding.encode(value);
    if (code !== was[id]) changed[id] = tick;
    now[id] = code;
    if (settle) {
      const settled = coding.decode(code);
      if (settled !== value || value === 0) row[name] = settled;
    }
  }
}

function readTexts(
  { name, rows, order, changed, tick, settle }: Reading,
  coding: Coding,
  ring: TextRing,
  slot: number,
): void {
  if (coding.kind !== "text") return;
  let texts = ring.slots[slot] ?? [];
  for (let place = 0; place < order.length; place++) {
    const row = rows[place] as OpenRow;
    const id = order[place] as number;
    const value = row[name];
    const before = texts[id];
    // Hot: a text that was read before is as it should be.
    const code =
      value === before && (before !== undefined || coding.optional) ? before : coding.encode(value);
    if (code !== before) {
      changed[id] = tick;
      setCode(ring, slot, id, code);
      texts = ring.slots[slot] ?? [];
    }
    if (settle && code !== value) row[name] = code;
  }
}

function fitKey(key: string): string {
  if (typeof key !== "string" || utf8Length(key) > MOST_KEY || isIllFormed(key))
    throw new RangeError(
      `a row's key is a text of at most ${MOST_KEY} bytes of UTF-8, not ${JSON.stringify(key)}`,
    );
  return key;
}
