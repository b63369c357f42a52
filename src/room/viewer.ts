import { NOTHING } from "./fragments.js";

/** How much larger the part of the world is in which a row that is seen stays seen: none comes and goes at the edge. */
export const HYSTERESIS = 1.1;

/**
 * What one player sees of the tables that have a place, columns `x` and `y`: the rows at most `rx` and `ry` from a place, or all.
 * Other tables are seen whole by everybody. A row that is seen stays so until it is a tenth further away than that.
 */
export type View =
  | "all"
  | { readonly x: number; readonly y: number; readonly rx: number; readonly ry: number };

/** Which rows of one table a viewer has. */
export class Seen {
  /** All that there were in the viewer's tick. Otherwise it is `count` of the `ids`. */
  isWhole = false;
  ids = new Uint16Array(0);
  count = 0;
  /** With a budget: the tick in which a row was last told, by id. */
  told = new Float64Array(0);

  keep(stays: Uint16Array, stayCount: number, enters: Uint16Array, enterCount: number): void {
    const count = stayCount + enterCount;
    if (this.ids.length < count) this.ids = new Uint16Array(2 * count);
    for (let i = 0; i < stayCount; i++) this.ids[i] = stays[i] as number;
    for (let i = 0; i < enterCount; i++) this.ids[stayCount + i] = enters[i] as number;
    this.count = count;
  }

  /** Room for the ticks of so many ids. */
  toldFor(capacity: number): Float64Array {
    if (this.told.length < capacity) {
      const told = new Float64Array(capacity);
      told.set(this.told);
      this.told = told;
    }
    return this.told;
  }
}

/** One who is sent frames: a cursor, which is the tick of the newest one, and which rows it has of each table. */
export class Viewer {
  /** The tick of its newest frame; below 0 before the first. */
  tick = NOTHING;
  /** The life of the tables that this tick is of. */
  life = 0;
  readonly seen: readonly Seen[];
  /** Bytes of updates in one frame, if there is a limit. */
  readonly budget: number | undefined;

  constructor(tables: number, budget: number | undefined) {
    this.seen = Array.from({ length: tables }, () => new Seen());
    this.budget = budget;
  }

  /** Has the next frame tell it everything anew, as where one that was made was not sent. */
  forget(): void {
    this.tick = NOTHING;
  }
}
