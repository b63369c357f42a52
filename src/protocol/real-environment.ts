import type { Clock, Random, Timer } from "./environment.js";

/** The clock on the wall. Long timers do not keep a Node process alive by themselves: sockets do. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer: Timer) => clearTimeout(timer as number),
  setImmediate: (run) => {
    if (typeof setImmediate === "function") setImmediate(run);
    else setTimeout(run, 0);
  },
};

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The platform's own randomness: `Math.random` for jitter, `crypto` for names. */
export const realRandom: Random = {
  float: () => Math.random(),
  id: () => {
    let id = "";
    for (const byte of crypto.getRandomValues(new Uint8Array(22))) id += ALPHABET[byte & 63];
    return id;
  },
};
