/** How many ticks back a cursor may lie, and a rewind may go. */
export const HISTORY = 32;

/** As many rows and graves a table has room for: ids are whole numbers below it. */
export const MOST_IDS = 65_536;

/** The time at which what is alive will have died. */
const NOT_YET = Number.POSITIVE_INFINITY;

/**
 * Which row has which id, and from when to when. An id is used again when nobody can have it from before: `HISTORY`
 * ticks after its row went. Until then keys are known by their old ids, too.
 */
export class Entities {
  readonly keys: string[] = [];
  /** The tick in which the row of an id came. */
  born: Float64Array<ArrayBuffer> = new Float64Array(0);
  /** The first tick in which it was no longer there; infinite while it is. */
  died: Float64Array<ArrayBuffer> = new Float64Array(0);
  /** The tick in which it last came or changed. */
  changed: Float64Array<ArrayBuffer> = new Float64Array(0);
  /** The newest tick in which rows came, and in which rows went. */
  lastBirth = -1;
  lastDeath = -1;
  readonly #ids = new Map<string, number>();
  /** Ids of rows that went, the oldest first, and those of one key. */
  #graves: number[] = [];
  readonly #past = new Map<string, number[]>();
  /** No id below it is free. */
  #lowest = 0;
  #free = 0;

  /** How many ids there is memory for. */
  get capacity(): number {
    return this.born.length;
  }

  /** How many rows more there is room for. */
  get room(): number {
    return MOST_IDS - this.capacity + this.#free;
  }

  /** The id of the row that there is now under a key. */
  idOf(key: string): number | undefined {
    return this.#ids.get(key);
  }

  /** The id of the row that there was under a key. */
  idAt(key: string, tick: number): number | undefined {
    const id = this.#ids.get(key);
    if (id !== undefined && this.isAt(id, tick)) return id;
    return this.#past.get(key)?.find((past) => this.isAt(past, tick));
  }

  isAt(id: number, tick: number): boolean {
    return (this.born[id] ?? NOT_YET) <= tick && tick < (this.died[id] ?? -1);
  }

  isFree(id: number): boolean {
    return id < MOST_IDS && (this.died[id] ?? -1) === -1;
  }

  /** The lowest free id. The caller grows its own memory along: see {@link capacity}. */
  lowestFree(): number {
    let id = this.#lowest;
    while (id < this.capacity && this.died[id] !== -1) id++;
    this.#lowest = id;
    return id;
  }

  /** Gives a row, under a key that has none, an id that is free. */
  add(id: number, key: string, tick: number): void {
    if (id >= this.capacity) this.#grow(id + 1);
    this.keys[id] = key;
    this.born[id] = tick;
    this.died[id] = NOT_YET;
    this.changed[id] = tick;
    this.lastBirth = tick;
    this.#free--;
    this.#ids.set(key, id);
  }

  remove(id: number, tick: number): void {
    const key = this.keys[id] ?? "";
    this.died[id] = tick;
    this.lastDeath = tick;
    this.#ids.delete(key);
    this.#graves.push(id);
    const past = this.#past.get(key);
    if (past === undefined) this.#past.set(key, [id]);
    else past.push(id);
  }

  /** Frees the ids of rows that nobody can have seen who is served from `tick` on. */
  release(tick: number): void {
    const graves = this.#graves;
    let gone = 0;
    for (; gone < graves.length; gone++) {
      const id = graves[gone] as number;
      if ((this.died[id] as number) > tick - HISTORY) break;
      this.died[id] = -1;
      this.#free++;
      if (id < this.#lowest) this.#lowest = id;
      const key = this.keys[id] as string;
      this.keys[id] = "";
      const past = this.#past.get(key);
      // Those of one key went in this order, too.
      past?.shift();
      if (past?.length === 0) this.#past.delete(key);
    }
    if (gone > 0) this.#graves = graves.slice(gone);
  }

  /** Forgets all rows, and that there were any. */
  clear(): void {
    this.#ids.clear();
    this.#past.clear();
    this.#graves = [];
    this.keys.fill("");
    this.died.fill(-1);
    this.#lowest = 0;
    this.#free = this.capacity;
    this.lastBirth = -1;
    this.lastDeath = -1;
  }

  #grow(least: number): void {
    const before = this.capacity;
    const capacity = Math.min(MOST_IDS, Math.max(16, 2 * before, least));
    this.born = grown(this.born, capacity, 0);
    this.died = grown(this.died, capacity, -1);
    this.changed = grown(this.changed, capacity, 0);
    while (this.keys.length < capacity) this.keys.push("");
    this.#free += capacity - before;
  }
}

function grown(from: Float64Array, size: number, rest: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(size).fill(rest);
  to.set(from);
  return to;
}
