import { realClock, type Clock } from "../protocol/index.js";

/** The clock of a server. Its timers do not keep a process alive: listening sockets do. */
export const serverClock: Clock = {
  ...realClock,
  setTimeout: (run, ms) => setTimeout(run, ms).unref(),
  setImmediate: (run) => setImmediate(run),
};
