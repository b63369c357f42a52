import type { Row, Table, Value } from "../../room/columns.js";
import { between, motionsOf, type Fields, type Motion, type TableChange } from "./moving.js";

/** So many ticks are kept at most for one who does not show them. */
const HISTORY = 64;

/** What was told of a row. */
interface Sample {
  readonly tick: number;
  /** Up to this tick it was as the sample before says. The same as the tick where it came or went. */
  readonly from: number;
  /** Undefined where it went. */
  readonly row: Row | undefined;
}

interface Entity {
  /** Oldest first; none that is older than what was shown last, but one. */
  readonly samples: Sample[];
  /** What is shown of it, always the same object. */
  readonly row: Fields;
  /** The sample that it shows as it is. */
  still: Sample | undefined;
}

/** How rows of a table are shown between its ticks. */
export interface InterpolationOptions {
  /** For some columns, how far a row moves in one tick at most, in their units: what is more is a jump. */
  readonly jumps?: Readonly<Record<string, number>>;
}

/**
 * The rows of a table between the ticks that came: `fixed`, `f32` and `f64` columns move in a straight line, angles the short way
 * round, all others change at their tick, and rows come and go at theirs. Where no newer tick has come, what moved goes
 * on for one interval, and then stays.
 *
 * @example
 * const interpolation = new Interpolation(players);
 * interpolation.receive(frame.tick, frame.tables.players, frame.whole); // when a frame comes
 * for (const [id, row] of interpolation.at(clock.render(now))) draw(id, row); // when one is painted
 */
export class Interpolation {
  /**
   * What is shown: always the same map, in which a row is the same object for as long as it is seen. Whoever puts other rows
   * in their place does it after each {@link at}.
   */
  readonly rows = new Map<string, Fields>();
  readonly #motions: readonly Motion[];
  readonly #jumps: Readonly<Record<string, number>>;
  readonly #entities = new Map<string, Entity>();
  #newest = Number.NaN;
  #shown = -Infinity;

  constructor(table: Table, { jumps = {} }: InterpolationOptions = {}) {
    this.#motions = motionsOf(table);
    this.#jumps = jumps;
  }

  /**
   * Takes what a frame says of the table; frames are given in the order of their ticks.
   *
   * @param whole whether it says all that is seen: what was known before is forgotten, and the rows are shown at once. The
   * first frame does, and the first one after a gap
   */
  receive(tick: number, { leaves, enters, updates }: TableChange, whole = false): void {
    const before = this.#newest;
    this.#newest = tick;
    if (whole) {
      this.#shown = -Infinity;
      for (const { samples } of this.#entities.values()) samples.length = 0;
    }
    const horizon = Math.max(this.#shown, tick - HISTORY);
    const add = (key: string, from: number, row?: Row): void => {
      let entity = this.#entities.get(key);
      if (!entity) this.#entities.set(key, (entity = { samples: [], row: { ...row }, still: undefined }));
      const { samples } = entity;
      while ((samples[1]?.tick ?? Infinity) <= horizon) samples.shift();
      samples.push({ tick: whole ? -Infinity : tick, from, row });
    };
    for (const key of leaves) add(key, tick);
    for (const [key, row] of enters) add(key, tick, row);
    for (const [key, row] of updates) add(key, before, row);
    for (const [key, { samples }] of this.#entities) {
      const last = samples.at(-1);
      if (last && (last.row || last.tick > horizon)) continue;
      this.#entities.delete(key);
      this.rows.delete(key);
    }
  }

  /**
   * The rows as they are at a tick, or part of one; NaN leaves them as they are. They are not to be changed: the next call
   * writes what has moved, and makes no objects.
   */
  at(tick: number): ReadonlyMap<string, Fields> {
    if (Number.isNaN(tick)) return this.rows;
    this.#shown = Math.max(Math.min(tick, this.#newest + 1), this.#newest - HISTORY);
    this.#entities.forEach(this.#show);
    return this.rows;
  }

  /** Hot: each row of each painted frame. */
  readonly #show = (entity: Entity, key: string): void => {
    const { samples, row } = entity;
    const tick = this.#shown;
    let after = samples.length;
    while (after > 0 && (samples[after - 1]?.tick ?? tick) > tick) after--;
    const base = samples[after - 1];
    if (!base?.row) {
      this.rows.delete(key);
      return;
    }
    let from = base.row;
    let to = from;
    let part = 0;
    let ticks = 1;
    const next = samples[after];
    const before = samples[after - 2];
    if (next) {
      if (next.row && tick > next.from) {
        to = next.row;
        ticks = next.tick - next.from;
        part = (tick - next.from) / ticks;
      }
    } else if (before?.row && tick > base.tick && base.tick === this.#newest && base.tick > base.from) {
      // It was moving when it was told of last.
      from = before.row;
      ticks = base.tick - base.from;
      part = 1 + (tick - base.tick) / ticks;
    }
    this.rows.set(key, row);
    const still = part === 0 ? base : undefined;
    if (still && still === entity.still) return;
    entity.still = still;
    for (const motion of this.#motions) {
      const { name } = motion;
      row[name] = motion.moves ? this.#mix(motion, from[name], to[name], part, ticks) : base.row[name];
    }
  };

  #mix({ name, turns }: Motion, from: Value, to: Value, part: number, ticks: number): Value {
    if (from === to) return from;
    const isWay = typeof from === "number" && typeof to === "number";
    if (isWay && Math.abs(to - from) <= (this.#jumps[name] ?? Infinity) * ticks)
      return between(turns, from, to, part);
    return part < 1 ? from : to;
  }
}
