/** After a stall so many ticks are made up for at once, and the others are left out. */
export const MOST_STEPS = 5;

/** Ticks that are to be made now. */
export interface DueTicks {
  readonly steps: number;
  /** How many are left out: the room's time has stood still for them. */
  readonly skipped: number;
}

/**
 * When the ticks of a room are due: at whole multiples of their distance, so that what one is late by is not handed on to the next. It is
 * told the time.
 */
export class Schedule {
  readonly #rate: number;
  readonly #start: number;
  /** How many have been taken or left out. */
  #done = 0;

  /**
   * @param rate ticks a second, above 0
   * @param start milliseconds; the first tick is due one distance later
   */
  constructor(rate: number, start: number) {
    this.#rate = rate;
    this.#start = start;
  }

  /** When the next one is due, in milliseconds of the same clock. */
  get due(): number {
    return this.#start + ((this.#done + 1) * 1000) / this.#rate;
  }

  /** Takes what is due: five at most, and what is beyond them is left out. */
  take(now: number): DueTicks {
    // What is due to the last bit is due: a timer that rings just then must not be asked to ring again.
    const due = Math.floor(((now - this.#start) * this.#rate) / 1000 + 1e-6) - this.#done;
    if (due <= 0) return NONE;
    this.#done += due;
    const steps = Math.min(due, MOST_STEPS);
    return { steps, skipped: due - steps };
  }
}

const NONE: DueTicks = { steps: 0, skipped: 0 };
