import type { Clock, Timer } from "../protocol/index.js";

/** One timer for deadlines that mostly move away: it is not set again for each of them. */
export interface Alarm {
  /** Sees to it that `check` is called within `ms` milliseconds. */
  readonly within: (ms: number) => void;
  /** Calls `check` now. */
  readonly look: () => void;
  readonly stop: () => void;
}

/** @param check says in how many milliseconds to look again, or `undefined` when there is nothing to wait for */
export function createAlarm(clock: Clock, check: () => number | undefined): Alarm {
  let timer: Timer;
  let due = Infinity;

  function within(ms: number): void {
    const at = clock.monotonic() + ms;
    if (due <= at) return;
    clock.clearTimeout(timer);
    due = at;
    timer = clock.setTimeout(look, ms);
  }

  function look(): void {
    stop();
    const next = check();
    if (next !== undefined) within(next);
  }

  function stop(): void {
    clock.clearTimeout(timer);
    due = Infinity;
  }

  return { within, look, stop };
}
