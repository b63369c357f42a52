/** How many bytes a peer may send. Who sends more is not read from for a while, so that TCP slows it down. */
export interface ByteRateOptions {
  /** Bytes per second, in the long run. */
  readonly perSecond: number;
  /** Bytes at once, after a pause. */
  readonly burst: number;
}

/** Counts bytes after they were read: a peer may be in debt, and then that is waited for. */
export class ByteRate {
  readonly #options: ByteRateOptions;
  #left: number;
  #at: number;

  /** `now` and all later times are milliseconds on one monotonic clock. */
  constructor(options: ByteRateOptions, now: number) {
    this.#options = options;
    this.#left = options.burst;
    this.#at = now;
  }

  /** So many bytes were read: how many milliseconds nothing more may be. */
  read(bytes: number, now: number): number {
    const { perSecond, burst } = this.#options;
    this.#left = Math.min(burst, this.#left + ((now - this.#at) * perSecond) / 1000) - bytes;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left * 1000) / perSecond);
  }
}
