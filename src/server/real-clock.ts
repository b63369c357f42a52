import { realClock, type Clock } from "../protocol/index.js";

/** The longest wait of the platform's timers, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** The clock of a server. Its timers do not keep a process alive: listening sockets do. */
export const serverClock: Clock = {
  ...realClock,
  setTimeout: (run, ms) => (ms > LONGEST_WAIT ? realClock.setTimeout(run, ms) : setTimeout(run, ms).unref()),
  setImmediate: (run) => setImmediate(run),
};
