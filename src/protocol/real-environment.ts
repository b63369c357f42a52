import type { Clock, Random, Timer } from "./environment.js";

/** The longest wait of the platform's own timers, about 24.8 days; they ring at once when asked for a longer one. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** A timer for a longer wait than the platform has timers for, such as the end of a month's token. */
class LongTimer {
  #current: ReturnType<typeof setTimeout> | undefined;

  constructor(run: () => void, ms: number) {
    this.#wait(run, ms);
  }

  clear(): void {
    clearTimeout(this.#current);
  }

  #wait(run: () => void, ms: number): void {
    const step = Math.min(ms, LONGEST_WAIT);
    this.#current = setTimeout(() => (ms > step ? this.#wait(run, ms - step) : run()), step);
  }
}

/** The clock on the wall. Its timers keep a Node process alive. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => (ms > LONGEST_WAIT ? new LongTimer(run, ms) : setTimeout(run, ms)),
  clearTimeout: (timer: Timer) => {
    if (timer instanceof LongTimer) timer.clear();
    else clearTimeout(timer as number);
  },
  setImmediate: (run) => {
    if (typeof setImmediate === "function") setImmediate(run);
    else setTimeout(run, 0);
  },
};

/** The platform's own randomness: `Math.random` for jitter, `crypto` for names. */
export const realRandom: Random = {
  float: () => Math.random(),
  id: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const text = btoa(String.fromCharCode(...bytes)).slice(0, 22);
    return text.replaceAll("+", "-").replaceAll("/", "_");
  },
};
