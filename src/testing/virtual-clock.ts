import { realClock, type Clock, type Timer } from "../protocol/index.js";
import { EventQueue, type QueuedEvent } from "./event-queue.js";

/** How a clock differs from the time that passes. */
export interface ClockOptions {
  /** Wall time at the start, in milliseconds since 1970. Default: 2026-01-01. */
  readonly now?: number;
  /** How much faster this clock runs than time passes: 0.01 gains ten milliseconds a second. Default: 0. */
  readonly drift?: number;
}

/** So many turns of the event loop are asked for at a time. */
const TURNS = 64;
/** This many events without time passing are taken for a loop that never ends. */
const MOST_AT_ONCE = 1_000_000;

const DEFAULT_NOW = Date.UTC(2026, 0, 1);

/** The time that passes for several clocks, and what is due in it. */
class Timeline {
  readonly events = new EventQueue();
  passed = 0;
  #advancing = false;

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`time does not pass by ${ms} ms`);
    if (this.#advancing) throw new Error("time is being advanced already; await that first");
    this.#advancing = true;
    try {
      await this.#run(this.passed + ms);
    } finally {
      this.#advancing = false;
    }
  }

  #run(until: number): Promise<void> {
    let atOnce = 0;
    let over = false;
    return new Promise((resolve, reject) => {
      const one = (): void => {
        if (over) return;
        const next = this.events.first;
        if (next === undefined || next.due > until) {
          over = true;
          this.passed = until;
          resolve();
          return;
        }
        atOnce = next.due > this.passed ? 0 : atOnce + 1;
        if (atOnce > MOST_AT_ONCE) {
          throw new Error(`${MOST_AT_ONCE} events ran at ${this.passed} ms, and there are more`);
        }
        this.passed = Math.max(this.passed, next.due);
        this.events.take()?.run?.();
      };
      const turn = (): void => {
        try {
          one();
        } catch (error) {
          over = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      // Each in a turn of its own, so that everything that waits for settled promises has run before the next; many
      // are asked for at once, since a round of the event loop costs more than most of what is due.
      const turns = (): void => {
        for (let i = 0; i < TURNS; i++) realClock.setImmediate(turn);
        realClock.setImmediate(() => over || turns());
      };
      turns();
    });
  }
}

/**
 * A clock whose time passes when told to. Timers run in the order in which they are due, each with all the
 * promises that it settles, so a test needs no sleep and gives the same result each time.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.setTimeout(() => log("tea"), 180_000);
 * await clock.advance(180_000); // logs at once
 */
export class VirtualClock implements Clock {
  readonly #timeline: Timeline;
  readonly #rate: number;
  readonly #since: number;
  #wall: number;

  constructor(options: ClockOptions = {}, timeline = new Timeline()) {
    this.#timeline = timeline;
    this.#since = timeline.passed;
    this.#wall = options.now ?? DEFAULT_NOW;
    this.#rate = 1 + (options.drift ?? 0);
  }

  /** Another clock in the same passing time, such as another machine's. */
  another(options: ClockOptions = {}): VirtualClock {
    return new VirtualClock({ now: this.now(), ...options }, this.#timeline);
  }

  /** Lets `ms` milliseconds pass, for all clocks of this timeline, and runs what is due in them. */
  advance(ms: number): Promise<void> {
    return this.#timeline.advance(ms);
  }

  /** Runs what is due now, until nothing is, and lets no time pass. */
  settle(): Promise<void> {
    return this.#timeline.advance(0);
  }

  /** Sets the wall clock `ms` milliseconds ahead, or back where it is negative. Timers do not notice. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  now(): number {
    return Math.floor(this.#wall + this.monotonic());
  }

  monotonic(): number {
    return (this.#timeline.passed - this.#since) * this.#rate;
  }

  /** Like Node's, waits for at least a millisecond. */
  setTimeout(run: () => void, ms: number): Timer {
    const wait = Math.max(1, Number.isNaN(ms) ? 1 : ms) / this.#rate;
    return this.#timeline.events.add(this.#timeline.passed + wait, run);
  }

  clearTimeout(timer: Timer): void {
    if (typeof timer === "object" && timer !== null) (timer as QueuedEvent).run = undefined;
  }

  setImmediate(run: () => void): void {
    this.#timeline.events.add(this.#timeline.passed, run);
  }
}
