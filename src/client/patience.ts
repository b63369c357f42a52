import { type Clock, waitOf } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import { type Moment, elapsedSince } from "./moment.js";

/**
 * When the next connection is tried: later with every failure, and soon again after one that lasted. `since` is when the one
 * in use came to be, where there is one; all waits are in milliseconds.
 */
export interface Patience {
  /** Whether nothing has gone wrong lately. After a connection that lasted, that is so again. */
  readonly settled: (since: Moment | undefined) => boolean;
  /** How long to wait after a failure; `after` is what the server said. */
  readonly wait: (since: Moment | undefined, after: number | undefined) => number;
  /** How long to stay where the server has asked to leave, after so long by its own word. */
  readonly stay: (since: Moment | undefined, after: unknown) => number;
  /** Whether a refused token may be replaced at once: the first since the last connection that lasted. */
  readonly mayReplace: () => boolean;
}

/** Backoff starts over only after a connection that lasted; a server that cuts everyone off is not hammered. */
const STABLE_AFTER = 10_000;
/** No sooner than this is a server asked again that says when, in milliseconds. */
const MIN_WAIT = 100;

export function createPatience(clock: Clock, backoff: Backoff): Patience {
  let replaced = false;

  function settled(since: Moment | undefined): boolean {
    if (since && elapsedSince(clock, since) >= STABLE_AFTER) {
      backoff.reset();
      replaced = false;
    }
    return backoff.fresh();
  }

  return {
    settled,
    wait(since, after) {
      settled(since);
      const jittered = backoff.next();
      // What the server says counts, but not for a loop: only when nothing was wrong with it there is no wait at all.
      return after ? Math.max(after, Math.min(jittered, MIN_WAIT * 10), MIN_WAIT) : (after ?? jittered);
    },
    stay(since, after) {
      const first = settled(since);
      // Of servers that all say so at once, each is left later than the one before.
      const more = backoff.next();
      return Math.max(waitOf(after) ?? 0, MIN_WAIT) + (first ? 0 : more);
    },
    mayReplace() {
      const first = !replaced;
      replaced = true;
      return first;
    },
  };
}
