/**
 * How fast clients go whose every request is a connection of its own: one rate a client, over all its requests to this
 * server. Bounded: of too many, those are forgotten that were not heard of for longest.
 */
import { TokenBucket, type RateOptions } from "./rate.js";

/** Clients that are remembered. */
const MOST = 10_000;

export class RateMemory {
  readonly #options: RateOptions | false;
  readonly #most: number;
  /** The client that was heard of last comes last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: RateOptions | false, most = MOST) {
    this.#options = options;
    this.#most = most;
  }

  /** The rate of a client by a name that nobody else can take; `undefined` for no limit. */
  of(name: string, now: number): TokenBucket | undefined {
    if (this.#options === false) return undefined;
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.#options, now);
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#most) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket;
  }
}
