/** The page's own time: what makes a message of a transient channel old. */
export interface PageTimer {
  readonly now: () => number;
  /** Calls `run` after `ms` milliseconds; the function it returns prevents that. */
  readonly after: (ms: number, run: () => void) => () => void;
}

export const realTimer: PageTimer = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
