import type { Random } from "../protocol/index.js";

/** How long to wait before each try: full jitter, so that thousands of clients cut off at once come back spread out. */
export interface Backoff {
  /** Whether nothing has failed since the last reset. */
  readonly fresh: () => boolean;
  /** The delay before the next try, in milliseconds: anything up to `min * 2^tries`, at most `max`. */
  readonly next: () => number;
  readonly reset: () => void;
}

/** @param bounds in milliseconds */
export function createBackoff(
  { min, max }: { readonly min: number; readonly max: number },
  random: Random,
): Backoff {
  let tries = 0;
  return {
    fresh: () => tries === 0,
    next: () => random.float() * Math.min(max, min * 2 ** tries++),
    reset() {
      tries = 0;
    },
  };
}
