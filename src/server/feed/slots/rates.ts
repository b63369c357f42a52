/** How often a subscriber is told something at most. In classes, so that many share what is made for them. */

/** Messages a second. */
const CLASSES = [60, 30, 20, 10, 5, 2, 1, 0.5, 0.2] as const;
const SLOWEST = 0.2;

export interface Rate {
  /** The class, in messages a second; 0: nothing is told. `undefined`: as it comes. */
  readonly perSecond: number | undefined;
  /** Milliseconds between two messages at least; `Infinity` where nothing is told. */
  readonly every: number;
}

const UNLIMITED: Rate = { perSecond: undefined, every: 0 };
const PAUSED: Rate = { perSecond: 0, every: Infinity };

/** The class of a wish: the fastest that is no faster, or the slowest that there is. */
export function rateOf(wanted: number | undefined): Rate {
  if (wanted === undefined) return UNLIMITED;
  if (wanted === 0) return PAUSED;
  const perSecond = CLASSES.find((one) => one <= wanted) ?? SLOWEST;
  return { perSecond, every: 1000 / perSecond };
}
