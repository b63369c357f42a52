/** Whether a thread stands still in a step of a room: decided by looks that another thread takes at it, without a clock. */
import type { StepView } from "./step-memory.js";

/** How a thread was treated by its system until now. */
export interface Processor {
  /** `running`: it runs or would like to; `waiting`: for something; `stopped`: by a signal, or by somebody who looks into it. */
  readonly is: "running" | "waiting" | "stopped";
  /** Milliseconds of processor time that it has had in its life. */
  readonly spent: number;
}

export interface Look {
  /** Milliseconds of a steady clock. */
  readonly now: number;
  readonly view: Pick<StepView, "sequence" | "isInside" | "isDebugged">;
  /** Asked only where the thread has not moved since the look before. `undefined`: this system does not say. */
  readonly processor: () => Processor | undefined;
}

/** Where a thread has this share of a processor, its time counts in full. */
const FAIR_SHARE = 1 / 4;
/** Between two looks at most so many times as much passes as should. */
const MOST_LATE = 2;

/**
 * Adds up for how long a step has not moved. What counts is what the watching thread has seen itself: where that was held up as well - the
 * machine slept, the process was stopped, everything waits for the disk - a look counts for two at most. And a thread that would
 * like to run and is given no processor is not to blame: its time counts as far as it was given any.
 */
export class StallJudge {
  readonly #interval: number;
  #sequence = NaN;
  #at = 0;
  #spent: number | undefined;
  #still = 0;

  /** @param interval milliseconds between looks */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /** For how many milliseconds it stands still, 0 where it does not. */
  look({ now, view, processor }: Look): number {
    const passed = Math.min(now - this.#at, MOST_LATE * this.#interval);
    const hasMoved = view.sequence !== this.#sequence;
    this.#at = now;
    this.#sequence = view.sequence;
    if (hasMoved || !view.isInside || view.isDebugged) {
      this.#spent = undefined;
      return (this.#still = 0);
    }
    const found = processor();
    this.#still += this.#counted(passed, found);
    this.#spent = found?.spent;
    return this.#still;
  }

  #counted(passed: number, processor: Processor | undefined): number {
    switch (processor?.is) {
      case "stopped":
        return 0;
      case "running": {
        // The first look has nothing to compare with.
        const spent = this.#spent === undefined ? passed : processor.spent - this.#spent;
        return Math.min(passed, spent / FAIR_SHARE);
      }
      case "waiting":
      case undefined:
        return passed;
    }
  }
}
