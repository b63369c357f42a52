/** How many inputs are to wait in the room after each tick: where they come evenly, and where they do not. */
const FEW = 0.5;
const MORE = 1;
/** Of each tick that one is off, inputs are this much faster or slower; at most so much. */
const GAIN = 0.05;
const MOST = 0.1;
/** At most so many inputs are made up for at once. */
const MOST_AT_ONCE = 2;

/**
 * When a player's inputs are due: one for each tick of the room, so much ahead of it that they wait there for their tick
 * and not the tick for them. What waits is reported by frames; inputs are made up to a tenth faster where too few do, or
 * slower.
 *
 * @example
 * function paint(now: number) {
 *   for (let due = pace.due(now); due > 0; due--) send(inputs.add(keys(), now));
 * }
 */
export class Pace {
  /** How many inputs are made for each tick: 0.9 to 1.1. */
  speed = 1;
  readonly #interval: number;
  #depth = FEW;
  /** How much of the next input has come due; and when that was. */
  #owed = 1;
  #at = Infinity;

  /** @param interval milliseconds from one tick to the next */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /**
   * A frame tells how many inputs waited after its tick.
   *
   * @param jitter how unevenly frames come, in milliseconds: inputs come likewise
   */
  report(depth: number, jitter: number): void {
    this.#depth += (depth - this.#depth) / 8;
    const wanted = jitter > this.#interval / 2 ? MORE : FEW;
    this.speed = 1 + Math.min(MOST, Math.max(-MOST, GAIN * (wanted - this.#depth)));
  }

  /** How many inputs are due now, 0 to 2: what a page missed while it stood still is not made up for. */
  due(now: number): number {
    this.#owed += (Math.max(0, now - this.#at) / this.#interval) * this.speed;
    this.#at = now;
    const due = Math.floor(this.#owed);
    this.#owed -= due;
    return Math.min(due, MOST_AT_ONCE);
  }
}
