/**
 * How many commands a node carries out in one turn of the event loop, of all connections together. Commands above that wait
 * for the next turn, so that however much comes at once, everything else has its turn in between.
 */
import type { Clock } from "../../../protocol/index.js";

/** What a turn is good for: a few milliseconds. A publish or a call counts as one. */
const A_TURN = 1500;
/** As how many a command counts that takes longer, such as to subscribe, and a request over HTTP. */
export const HEAVY = 20;
export const REQUEST = 60;

export class TurnBudget {
  readonly #clock: Clock;
  #left = A_TURN;
  #scheduled = false;
  #little: (() => void)[] = [];
  #much: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hot path. Takes room for something that begins now and counts as `count`; `false` where this turn has none left. */
  take(count: number): boolean {
    if (this.#left <= 0) return false;
    this.#left -= count;
    if (!this.#scheduled) this.#schedule();
    return true;
  }

  /** Whether somebody waits for a turn. */
  get isSought(): boolean {
    return this.#little.length + this.#much.length > 0;
  }

  /** Takes the room for something that begins now because its turn has come. */
  spend(count: number): void {
    this.#left -= count;
  }

  /**
   * Calls `run` in a later turn that has room, after those who have waited longer; who has little to do does not wait for
   * those who have much.
   */
  wait(run: () => void, hasLittle: boolean): void {
    (hasLittle ? this.#little : this.#much).push(run);
    if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#clock.setImmediate(() => {
      this.#scheduled = false;
      this.#left = A_TURN;
      this.#little = this.#begin(this.#little);
      this.#much = this.#begin(this.#much);
      if (this.#little.length + this.#much.length > 0 && !this.#scheduled) this.#schedule();
    });
  }

  /** Begins what has waited, as far as there is room; returns the rest, with what waits anew behind it. */
  #begin(waiting: (() => void)[]): (() => void)[] {
    // Who waits anew comes behind those who waited already: each has its share.
    const count = waiting.length;
    let begun = 0;
    while (begun < count && this.#left > 0) (waiting[begun++] as () => void)();
    return begun === 0 ? waiting : waiting.slice(begun);
  }
}
