import { realClock, type Clock } from "../../protocol/index.js";

/** The clock on the wall. Its timers do not keep a process alive. */
export const unrefClock: Clock = {
  ...realClock,
  setTimeout: (run, ms) => setTimeout(run, ms).unref(),
};
