import { quantiseRow, type Row, type Table } from "../../room/columns.js";
import { Drift } from "./drift.js";
import type { Inputs } from "./inputs.js";
import { between, difference, motionsOf, type Fields, type TableChange } from "./moving.js";

/** A correction is a third of what it was after 60 ms, and gone after 300. */
const FADE_MS = 60;
const SETTLED_MS = 300;
/** Where nothing else is said, a correction of this part of a column jumps. */
const SNAP_PART = 1 / 8;

/** What one input does to a row, in so many seconds; the server and the client share it. */
export type Step<R, I> = (row: R, input: I, seconds: number) => void;

/** Which row is predicted, and from what. */
export interface PredictionOptions<R, I> {
  readonly table: Table;
  /** The key of the row that is predicted. */
  readonly key: string;
  readonly step: Step<R, I>;
  readonly inputs: Inputs<I>;
  /** Milliseconds from one tick to the next; 0 in a room without ticks, where an input takes no time. */
  readonly interval: number;
  /**
   * A correction of more than this in a column that the step changes, in its units, is shown at once: the row was not moved
   * but put there. Default: an eighth of the column; other than `fixed` ones have no bound then, and angles never.
   */
  readonly snap?: number | undefined;
}

/** One of the columns that move. */
interface Axis {
  readonly name: string;
  readonly turns: boolean;
  readonly snap: number;
  /** Whether the step changes it. */
  isStepped: boolean;
  /** What is shown goes from here to there in one interval, */
  from: number;
  to: number;
  /** with this on top, which fades. */
  offset: number;
  /** Where it was to go before a frame came; and by how much that was too far. */
  wasTo: number;
  by: number;
}

/**
 * A player's own row, ahead of what the room has told: from where that is, one step for each input that it had not seen. Own
 * inputs show at once so; where the room comes to something else, what is shown goes there within 300 ms.
 *
 * It is exact where the step reads nothing but the row and the input, and leaves the row as both sides see it: see `stepOf`.
 *
 * @example
 * const mine = new Prediction({ table: players, key: seat, step: move, inputs, interval: 50 });
 * if (inputs.add(input, now)) mine.input(now); // each input
 * inputs.acknowledge(ack, frame.depth, now); // each frame
 * mine.receive(frame.tables.players, now, frame.whole);
 * draw(mine.at(now)); // each painted frame
 */
export class Prediction<R extends Fields, I> {
  /** How much the last frame corrected, in units of the row: the distance over its columns that are no angles. */
  corrected = 0;
  readonly drift = new Drift();
  readonly #options: PredictionOptions<R, I>;
  readonly #axes: readonly Axis[];
  /** As the room has told it last. */
  #truth: R | undefined;
  /** With the steps of the inputs that it had not seen; and as it is shown, always the same object while there is one. */
  #row: R | undefined;
  #shown: R | undefined;
  #steppedAt = 0;
  #correctedAt = -Infinity;

  constructor(options: PredictionOptions<R, I>) {
    this.#options = options;
    this.#axes = motionsOf(options.table)
      .filter(({ moves }) => moves)
      .map(({ name, turns, range }) => ({
        name,
        turns,
        snap: turns ? Infinity : (options.snap ?? range * SNAP_PART),
        isStepped: false,
        from: 0,
        to: 0,
        offset: 0,
        wasTo: 0,
        by: 0,
      }));
  }

  /** An input was added to the inputs. */
  input(now: number): void {
    const added = this.#options.inputs.pending.at(-1);
    if (!this.#row || !added) return;
    const part = this.#part(now);
    // From wherever it is shown, so that it never jumps, however unevenly inputs come.
    for (const axis of this.#axes) axis.from = baseOf(axis, part);
    this.#steppedAt = now;
    this.#step(this.#row, added.input);
  }

  /**
   * Takes what a frame says of the table, after the inputs have been told what it acknowledges.
   *
   * @param change undefined where it says nothing
   * @param whole whether it says all that is seen: the first frame does, and the first one after a gap
   */
  receive(change: TableChange<R> | undefined, now: number, whole = false): void {
    const { key, inputs } = this.#options;
    if (whole) this.#truth = undefined;
    if (change) {
      for (const left of change.leaves) if (left === key) this.#truth = undefined;
      this.#truth = change.enters.get(key) ?? change.updates.get(key) ?? this.#truth;
    }
    this.corrected = 0;
    if (!this.#truth) {
      this.#row = this.#shown = undefined;
      return;
    }
    const isNew = !this.#row;
    const row = (this.#row ??= { ...this.#truth });
    this.#shown ??= { ...row };
    Object.assign(row, this.#truth);
    for (const axis of this.#axes) {
      axis.wasTo = axis.to;
      axis.to = numberIn(row, axis);
    }
    for (const { input } of inputs.pending) this.#step(row, input);
    this.#correct(now, isNew);
  }

  /** The row as it is to be shown now, always the same object, which the next call writes anew; undefined where there is none. */
  at(now: number): R | undefined {
    const shown: Fields | undefined = this.#shown;
    if (!shown) return undefined;
    Object.assign(shown, this.#row);
    const part = this.#part(now);
    const left = this.#left(now);
    for (const axis of this.#axes) {
      const base = baseOf(axis, part);
      shown[axis.name] = left > 0 ? between(axis.turns, base, base + axis.offset, left) : base;
    }
    return this.#shown;
  }

  /** Goes on by one input. */
  #step(row: R, input: I): void {
    const { step, table, interval } = this.#options;
    step(row, input, interval / 1000);
    quantiseRow(table, row, row);
    for (const axis of this.#axes) {
      const to = numberIn(row, axis);
      axis.isStepped ||= to !== axis.to;
      axis.to = to;
    }
  }

  /** It was to be as before, and is to be otherwise: what is shown stays where it is, and goes there by and by. */
  #correct(now: number, isNew: boolean): void {
    let square = 0;
    let differs = false;
    let jumps = isNew;
    for (const axis of this.#axes) {
      axis.by = difference(axis.turns, axis.to, axis.wasTo);
      differs ||= axis.by !== 0;
      if (isNew || !axis.isStepped || axis.turns) continue;
      square += axis.by ** 2;
      jumps ||= Math.abs(axis.by) > axis.snap;
    }
    this.corrected = Math.sqrt(square);
    if (jumps) this.drift.reset();
    else this.drift.add(this.corrected);
    if (!differs && !jumps) return;
    const left = this.#left(now);
    for (const axis of this.#axes) {
      axis.offset = jumps ? 0 : axis.offset * left + axis.by;
      axis.from = jumps ? axis.to : axis.from - axis.by;
    }
    this.#correctedAt = now;
  }

  /** How far it has gone to where the last input brought it. */
  #part(now: number): number {
    const { interval } = this.#options;
    return interval > 0 ? Math.min(1, Math.max(0, (now - this.#steppedAt) / interval)) : 1;
  }

  /** How much of the corrections is still shown, 0 to 1. */
  #left(now: number): number {
    const age = now - this.#correctedAt;
    return age < SETTLED_MS ? Math.exp(-age / FADE_MS) : 0;
  }
}

/** Where a column is between two steps. */
function baseOf({ turns, from, to }: Axis, part: number): number {
  return part === 1 ? to : between(turns, from, to, part);
}

function numberIn(row: Row, { name }: Axis): number {
  const value = row[name];
  return typeof value === "number" ? value : 0;
}
