import type { Clock, Timer } from "../protocol/index.js";

/**
 * One timer for deadlines that mostly move away. It is not set again for each of them: when it goes off, `check`
 * looks, and says in how many milliseconds to look again, or `undefined` when there is nothing to wait for.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #check: () => number | undefined;
  #timer: Timer;
  #at = Infinity;

  constructor(clock: Clock, check: () => number | undefined) {
    this.#clock = clock;
    this.#check = check;
  }

  /** Sees to it that `check` is called within `ms` milliseconds. */
  within(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    if (this.#at <= at) return;
    this.stop();
    this.#at = at;
    this.#timer = this.#clock.setTimeout(() => this.look(), ms);
  }

  /** Calls `check` now. */
  look(): void {
    this.stop();
    const next = this.#check();
    if (next !== undefined) this.within(next);
  }

  stop(): void {
    if (this.#at !== Infinity) this.#clock.clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
