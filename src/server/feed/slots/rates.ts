/** How often a subscriber is told something at most. In classes, so that many share what is made for them. */

/** Messages a second. */
const CLASSES = [60, 30, 20, 10, 5, 2, 1, 0.5, 0.2] as const;
const SLOWEST = 0.2;

/** A boundary of the grid counts as reached this part of a slot before it: it is computed, and not exact. */
const ALMOST = 1e-6;

export interface Rate {
  /** The class, in messages a second; 0: nothing is told. `undefined`: as it comes. */
  readonly perSecond: number | undefined;
  /** Milliseconds between two messages at least; `Infinity` where nothing is told. */
  readonly every: number;
}

const UNLIMITED: Rate = { perSecond: undefined, every: 0 };
const PAUSED: Rate = { perSecond: 0, every: Infinity };

/**
 * The class of a wish: the fastest that is no faster, or the slowest that there is.
 *
 * @param most what the channel gives at most, in messages a second
 */
export function rateOf(wanted: number | undefined, most?: number): Rate {
  if (wanted === 0) return PAUSED;
  const limit = Math.min(wanted ?? Infinity, most ?? Infinity);
  if (limit === Infinity) return UNLIMITED;
  const perSecond = CLASSES.find((one) => one <= limit) ?? SLOWEST;
  return { perSecond, every: 1000 / perSecond };
}

/**
 * From when on there may be a message after one at `at`, on the monotonic clock. Time is cut into slots, the same for all of a class,
 * and there is one message in each: so what many get falls into one turn, and in any time there are as many as the rate gives, and one.
 */
export function nextAfter({ every }: Rate, at: number): number {
  if (every === 0 || at === -Infinity) return at;
  return (Math.floor(at / every + ALMOST) + 1) * every;
}
