import { timeOf, type Clock } from "../../protocol/index.js";

const DAY_MS = 86_400_000;
/** A head that is so far in the future was not made by a clock that is a little ahead, in milliseconds. */
const AHEAD_MS = DAY_MS;
/** How often it is said at most, for all channels together, in milliseconds. */
const SAY_MS = 3_600_000;

/**
 * Sees that a clock is, or was, years off. Offsets are made out of time and only grow, so a log that was written under a clock
 * that was ahead has its head in the future: until then its messages have no age, and `since` finds nothing new.
 */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #say: (channel: string, days: number) => void;
  #saidAt = -Infinity;

  constructor(clock: Clock, say: (channel: string, days: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Looks at where a channel's log is. */
  look(channel: string, head: number): void {
    const ahead = timeOf(head) - this.#clock.now();
    if (ahead < AHEAD_MS) return;
    const now = this.#clock.monotonic();
    if (now - this.#saidAt < SAY_MS) return;
    this.#saidAt = now;
    this.#say(channel, Math.floor(ahead / DAY_MS));
  }
}
