/**
 * Whether the process stands still now and then: stopped, frozen with its container, or kept from running. What came
 * meanwhile lies in the sockets, and does not tell how old it is. Whoever sent it may have gone to another server
 * long since, and been answered there.
 */
import type { Clock } from "../../../protocol/index.js";
import { marginOf } from "../publish/margin.js";

/** Stops that are shorter than this, in milliseconds, happen everywhere and change nothing. */
const LEAST_MS = 2000;
/** What had come before the process went on has been read so many milliseconds and turns later. */
const READ_MS = 1000;
const READ_TURNS = 8;

export class Stillness {
  readonly #clock: Clock;
  readonly #onStill: (ms: number) => void;
  /** Milliseconds without a beat that are too many. */
  #most: number;
  #beat: number;
  /** How often the process has stood still, while what came meanwhile may not have been read; 0 otherwise. */
  #suspect = 0;

  /**
   * @param window the shortest time for which keys are remembered, in milliseconds
   * @param onStill told how long there was no sign of life, before anything that came meanwhile is carried out
   */
  constructor(clock: Clock, window: number, onStill: (ms: number) => void) {
    this.#clock = clock;
    this.#onStill = onStill;
    this.#most = Math.max(LEAST_MS, marginOf(window));
    this.#beat = clock.monotonic();
  }

  /** From now on there are beats, `tick` milliseconds apart: a stop that is no longer than allowed is never taken for one. */
  begin(tick: number): void {
    this.#most += tick;
  }

  /** A timer has run. */
  beat(now: number): void {
    this.look(now);
    this.#beat = now;
  }

  /** Something is about to be read. Hot path. */
  look(now: number): void {
    if (now - this.#beat > this.#most) this.#stoodStill(now);
  }

  /** Whether what is read now may have come while the process stood still: over a connection that nobody knew of. */
  mayBeOld(now: number): boolean {
    this.look(now);
    return this.#suspect > 0;
  }

  #stoodStill(now: number): void {
    const ms = now - this.#beat;
    this.#beat = now;
    const suspect = (this.#suspect += 1);
    this.#clock.setTimeout(() => this.#trustAfter(READ_TURNS, suspect), READ_MS);
    this.#onStill(ms);
  }

  #trustAfter(turns: number, suspect: number): void {
    if (suspect !== this.#suspect) return;
    if (turns === 0) this.#suspect = 0;
    else this.#clock.setImmediate(() => this.#trustAfter(turns - 1, suspect));
  }
}
