/** From the rows of an application to the codes of a tick. Hot: all rows of a room, in every tick. */
import { utf8Length } from "../protocol/index.js";
import { isIllFormed } from "./coding.js";
import { MOST_KEY, MOST_ROWS } from "./columns.js";
import type { History } from "./history.js";
import { readerOf, type OpenRow, type ReadColumns } from "./read-columns.js";
import { codeAt, setCode, type Cells, type Texts } from "./ring.js";

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

  /** Where the codes of each column are to be written, and those of the tick before lie. */
  readonly #now: (Cells | Texts)[] = [];
  readonly #was: (Cells | Texts)[] = [];
  readonly #read: ReadColumns;

  constructor(history: History) {
    this.#history = history;
    this.#read = readerOf(history.layout);
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
    this.#readColumns(settle);
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

  #readColumns(settle: boolean): void {
    const history = this.#history;
    const { rings, slotBefore, newest, entities } = history;
    const slot = history.slotOf(newest);
    for (const [column, ring] of rings.entries()) {
      this.#now[column] = ring.slots[slot] ?? [];
      this.#was[column] = ring.kind === "texts" ? (this.#now[column] ?? []) : (ring.slots[slotBefore] ?? []);
    }
    this.#read({
      rows: this.#rows,
      order: history.idsAt(newest),
      changed: entities.changed,
      tick: newest,
      settle,
      now: this.#now,
      was: this.#was,
      onText: this.#onText,
    });
  }

  /** Takes a text that is not the one of the tick before, or may not be. */
  readonly #onText = (column: number, row: OpenRow, id: number, settle: boolean): void => {
    const { layout, rings, entities, newest } = this.#history;
    const coding = layout.codings[column];
    const name = layout.names[column];
    const ring = rings[column];
    if (coding?.kind !== "text" || name === undefined || ring === undefined) return;
    const slot = this.#history.slotOf(newest);
    const value = row[name];
    const code = coding.encode(value);
    if (code !== codeAt(ring, slot, id)) {
      entities.changed[id] = newest;
      setCode(ring, slot, id, code);
    }
    if (settle && code !== value) row[name] = code;
  };
}

function fitKey(key: string): string {
  if (typeof key !== "string" || utf8Length(key) > MOST_KEY || isIllFormed(key))
    throw new RangeError(
      `a row's key is a text of at most ${MOST_KEY} bytes of UTF-8, not ${JSON.stringify(key)}`,
    );
  return key;
}
