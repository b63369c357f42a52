/**
 * Those who are here and have not said who they are: each has so long for it. All have the same time, so the first in line
 * is the first to go, and one timer does for all of them: a timer each was a twentieth of what accepting one costs.
 */
import type { Clock, Timer } from "../../../protocol/index.js";

export class Newcomers<T> {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #onLate: (newcomer: T) => void;
  /** Until when each may stay, on the monotonic clock; those who came first come first. */
  readonly #until = new Map<T, number>();
  #timer: Timer;

  /**
   * @param patience milliseconds that each has
   * @param onLate told of a newcomer whose time is over, and who is not counted any more. Must not throw
   */
  constructor(clock: Clock, patience: number, onLate: (newcomer: T) => void) {
    this.#clock = clock;
    this.#patience = patience;
    this.#onLate = onLate;
  }

  /** How many newcomers there are. */
  get size(): number {
    return this.#until.size;
  }

  /** A newcomer came at `now`, on the monotonic clock. */
  add(newcomer: T, now: number): void {
    this.#until.set(newcomer, now + this.#patience);
    if (this.#timer === undefined) this.#wait(this.#patience);
  }

  /** Somebody is no newcomer any more, or never was. */
  delete(newcomer: T): void {
    this.#until.delete(newcomer);
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#until.clear();
  }

  /** The timer is left running where the newcomer that it was for has gone: then it finds who is next. */
  #wait(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (const [newcomer, until] of this.#until) {
      // Timers come up to a millisecond early.
      if (until > now + 1) return this.#wait(until - now);
      this.#until.delete(newcomer);
      this.#onLate(newcomer);
    }
  }
}
