/**
 * How many commands a node carries out in one turn of the event loop, of all connections together. What is above it waits
 * for the next turn, so that however much comes at once, everything else has its turn in between.
 */
import type { Clock } from "../../protocol/index.js";

/** What a turn is good for: a few milliseconds. A publish or a call counts as one. */
const A_TURN = 2000;
/** What takes longer than those, such as subscribing, counts as so many. */
export const HEAVY = 20;

export class TurnBudget {
  readonly #clock: Clock;
  #left = A_TURN;
  #scheduled = false;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hot path. Whether this turn has room for something that begins now and counts as so many; then it is taken. */
  take(count: number): boolean {
    if (this.#left <= 0) return false;
    this.#left -= count;
    if (!this.#scheduled) this.#schedule();
    return true;
  }

  /** Calls `run` in the next turn, after those who have waited longer. */
  wait(run: () => void): void {
    this.#waiting.push(run);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#clock.setImmediate(() => {
      this.#scheduled = false;
      this.#left = A_TURN;
      if (this.#waiting.length === 0) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const run of waiting) run();
    });
  }
}
