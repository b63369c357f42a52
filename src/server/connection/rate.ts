/** How many commands a connection may send. */
export interface RateOptions {
  /** Commands per second, in the long run. */
  readonly perSecond: number;
  /** Commands at once, after a pause. */
  readonly burst: number;
}

/** A token bucket: takes refill with time, up to the burst. */
export class TokenBucket {
  readonly #options: RateOptions;
  #tokens: number;
  #at: number;

  /** `now` and all later times are milliseconds on one monotonic clock. */
  constructor(options: RateOptions, now: number) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = now;
  }

  /** Takes a token: 0, or the milliseconds until there is one. */
  take(now: number): number {
    const { perSecond, burst } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return 0;
    }
    return Math.ceil(((1 - this.#tokens) * 1000) / perSecond);
  }
}
