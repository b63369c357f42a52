import type { Clock, Timer } from "../../protocol/index.js";

export interface PacerHost {
  readonly clock: Clock;
  /** Milliseconds from one to the next, as it is now. */
  readonly step: () => number;
  /** Makes one; says whether there are to be more. Must not throw. */
  readonly make: () => boolean;
}

/**
 * Makes something at a steady pace, the first one now; what a page that stood still has missed is made up for by one at most. The
 * function it returns stops that.
 */
export function startPacer({ clock, step, make }: PacerHost): () => void {
  let due = clock.monotonic();
  let timer: Timer;
  let isOn = true;
  const run = (): void => {
    if (!isOn || !make()) return;
    const ms = step();
    const now = clock.monotonic();
    due = Math.max(due + ms, now - ms);
    timer = clock.setTimeout(run, Math.max(0, due - now));
  };
  run();
  return () => {
    isOn = false;
    clock.clearTimeout(timer);
  };
}
