import type { Random } from "../protocol/index.js";

/** The bounds of a {@link Backoff}, in milliseconds. */
export interface BackoffBounds {
  readonly min: number;
  readonly max: number;
}

/** How long to wait before each try: full jitter, so that thousands of clients cut off at once come back spread out. */
export class Backoff {
  readonly #bounds: BackoffBounds;
  readonly #random: Random;
  #tries = 0;

  constructor(bounds: BackoffBounds, random: Random) {
    this.#bounds = bounds;
    this.#random = random;
  }

  /** Whether nothing has failed since the last reset. */
  get fresh(): boolean {
    return this.#tries === 0;
  }

  /** The delay before the next try, in milliseconds: anything up to `min * 2^tries`, at most `max`. */
  next(): number {
    const { min, max } = this.#bounds;
    return this.#random.float() * Math.min(max, min * 2 ** this.#tries++);
  }

  reset(): void {
    this.#tries = 0;
  }
}
