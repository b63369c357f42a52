/** Where the rows of one table are in the newest tick. Hot: it is asked for each viewer in each tick. */
import type { History } from "./history.js";
import { valueOf } from "./layout.js";

/** As many rows one cell has on average. */
const ROWS_A_CELL = 2;
const MOST_CELLS_A_SIDE = 128;

/** Part of the plane, its limits included; one with NaN in it is empty. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Makes a box one around a place, so far to each side. */
export function setBox(box: Box, x: number, y: number, rx: number, ry: number): void {
  box.left = x - rx;
  box.right = x + rx;
  box.top = y - ry;
  box.bottom = y + ry;
}

/** Whether a place lies in a box. */
export function isInBox({ left, right, top, bottom }: Box, x: number, y: number): boolean {
  return x >= left && x <= right && y >= top && y <= bottom;
}

export class Grid {
  readonly #history: History;
  readonly #place: readonly [x: number, y: number];
  #tick = -1;
  #life = 0;
  /** Where the row of an id is. */
  xs = new Float64Array(0);
  ys = new Float64Array(0);
  /** What all rows lie in; the other way round where there are none. */
  readonly #bounds: Box = { left: 0, right: 0, top: 0, bottom: 0 };
  #side = 1;
  #perX = 0;
  #perY = 0;
  /** Where the rows of each cell begin, cells of one height together; and the rows by cell. */
  #starts = new Uint32Array(2);
  #cellOf = new Uint32Array(0);
  #ids = new Uint16Array(0);
  #sortedX = new Float64Array(0);
  #sortedY = new Float64Array(0);

  /** @param place which columns are where a row is */
  constructor(history: History, place: readonly [number, number]) {
    this.#history = history;
    this.#place = place;
  }

  /** Is of the newest tick from here on. */
  turn(): void {
    const { newest, life } = this.#history;
    if (newest === this.#tick && life === this.#life) return;
    this.#tick = newest;
    this.#life = life;
    const ids = this.#history.idsAt(newest);
    this.#locate(ids);
    this.#sort(ids);
  }

  /** Whether all rows there are lie in a box. */
  isAllIn({ left, right, top, bottom }: Box): boolean {
    const bounds = this.#bounds;
    return bounds.left >= left && bounds.right <= right && bounds.top >= top && bounds.bottom <= bottom;
  }

  /** Writes the ids of rows in a box which are not marked with `stamp` into `found`, and says how many there are. */
  find(box: Box, marks: Float64Array, stamp: number, found: Uint16Array): number {
    const { left, right, top, bottom } = box;
    const side = this.#side;
    const bounds = this.#bounds;
    const starts = this.#starts;
    const ids = this.#ids;
    const xs = this.#sortedX;
    const ys = this.#sortedY;
    const first = cellAt((left - bounds.left) * this.#perX, side);
    const last = cellAt((right - bounds.left) * this.#perX, side);
    const end = cellAt((bottom - bounds.top) * this.#perY, side);
    let count = 0;
    for (let row = cellAt((top - bounds.top) * this.#perY, side); row <= end; row++) {
      const stop = starts[row * side + last + 1] as number;
      for (let at = starts[row * side + first] as number; at < stop; at++) {
        const x = xs[at] as number;
        const y = ys[at] as number;
        const id = ids[at] as number;
        if (x >= left && x <= right && y >= top && y <= bottom && marks[id] !== stamp) found[count++] = id;
      }
    }
    return count;
  }

  #locate(ids: Uint16Array): void {
    const { capacity } = this.#history.entities;
    if (this.xs.length < capacity) {
      this.xs = new Float64Array(capacity);
      this.ys = new Float64Array(capacity);
    }
    const [left, right] = this.#read(ids, this.#place[0], this.xs);
    const [top, bottom] = this.#read(ids, this.#place[1], this.ys);
    Object.assign(this.#bounds, { left, right, top, bottom });
  }

  /** Decodes a coordinate of all rows; their lowest and highest are what it returns. */
  #read(ids: Uint16Array, column: number, into: Float64Array): [low: number, high: number] {
    const { layout, rings, newest } = this.#history;
    const coding = layout.codings[column];
    const codes = rings[column]?.slots[this.#history.slotOf(Math.max(0, newest))];
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    if (coding === undefined || codes === undefined) return [low, high];
    for (const id of ids) {
      const value = valueOf(coding, codes[id]);
      if (typeof value !== "number") continue;
      into[id] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  /** Puts rows of one cell together, and cells of one height beside each other. */
  #sort(ids: Uint16Array): void {
    const { left, right, top, bottom } = this.#bounds;
    const side = Math.min(MOST_CELLS_A_SIDE, Math.ceil(Math.sqrt(ids.length / ROWS_A_CELL)) || 1);
    this.#side = side;
    this.#perX = perCell(right - left, side);
    this.#perY = perCell(bottom - top, side);
    if (this.#starts.length < side * side + 1) this.#starts = new Uint32Array(side * side + 1);
    if (this.#ids.length < ids.length) this.#makeRoom(2 * ids.length);
    const starts = this.#starts.fill(0);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      const column = cellAt(((this.xs[id] as number) - left) * this.#perX, side);
      const cell = cellAt(((this.ys[id] as number) - top) * this.#perY, side) * side + column;
      this.#cellOf[i] = cell;
      starts[cell] = (starts[cell] as number) + 1;
    }
    let end = 0;
    for (let cell = 0; cell <= side * side; cell++) {
      end += starts[cell] as number;
      starts[cell] = end;
    }
    // From the last to the first, so that each cell's end becomes its start, and its rows stay in order.
    for (let i = ids.length - 1; i >= 0; i--) {
      const id = ids[i] as number;
      const cell = this.#cellOf[i] as number;
      const at = (starts[cell] as number) - 1;
      starts[cell] = at;
      this.#ids[at] = id;
      this.#sortedX[at] = this.xs[id] as number;
      this.#sortedY[at] = this.ys[id] as number;
    }
  }

  #makeRoom(rows: number): void {
    this.#cellOf = new Uint32Array(rows);
    this.#ids = new Uint16Array(rows);
    this.#sortedX = new Float64Array(rows);
    this.#sortedY = new Float64Array(rows);
  }
}

/** How many cells one unit is. Rows that lie as far apart as numbers go are all in the first. */
function perCell(extent: number, side: number): number {
  return extent > 0 && extent < Number.POSITIVE_INFINITY ? side / extent : 0;
}

/** The cell at so many cells from the first: of what lies outside the outermost one. */
function cellAt(cells: number, side: number): number {
  return cells >= side - 1 ? side - 1 : cells > 0 ? Math.floor(cells) : 0;
}
