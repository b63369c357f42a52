/** How many a second: of commands, of connections, of new channels. */
export interface RateOptions {
  /** So many a second, in the long run. */
  readonly perSecond: number;
  /** So many at once, after a pause. */
  readonly burst: number;
}

/** So many clients' worth of everything one address may use: there may be as many behind it. */
export const PER_ADDRESS = 10;

/** The rate of so many together. */
export function together(rate: RateOptions | false, count: number): RateOptions | false {
  return rate === false ? false : { perSecond: rate.perSecond * count, burst: rate.burst * count };
}

/** What is missing of a token by nothing but rounding. */
const ROUNDING = 1e-6;

/** A token bucket: takes refill with time, up to the burst. There are several for each client, so each is one number. */
export class TokenBucket {
  readonly #options: RateOptions;
  /** When all tokens are there again; before that some are missing. */
  #fullAt: number;

  /** `now` and all later times are milliseconds on one monotonic clock. */
  constructor(options: RateOptions, now: number) {
    this.#options = options;
    this.#fullAt = now;
  }

  /** Takes a token: 0, or the milliseconds until there is one. */
  take(now: number): number {
    return this.spend(now, 1, 0);
  }

  /**
   * Takes `cost` tokens where there is a token, or will be in `patience` milliseconds, and returns the milliseconds until then;
   * tokens that are not there are owed. Takes none where that would be longer.
   */
  spend(now: number, cost: number, patience: number): number {
    const { perSecond, burst } = this.#options;
    const fullAt = Math.max(this.#fullAt, now);
    const tokens = burst - ((fullAt - now) * perSecond) / 1000;
    const wait = tokens >= 1 - ROUNDING ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond);
    if (wait <= patience) this.#fullAt = fullAt + (cost * 1000) / perSecond;
    return wait;
  }
}
