/**
 * Counts of whole numbers from 0 to 2^31, each kept to better than 1 %: buckets double in width with every power
 * of two, 128 of them to a power. For latencies in microseconds; merged over processes by their counts.
 */

const PER_POWER = 128;
const BUCKETS = PER_POWER * 26;

/** Counts of whole numbers from 0 to 2^31, each kept to better than 1 %: for latencies in microseconds. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #max = 0;

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  /** Hot path. */
  record(value: number): void {
    const whole = value < 0 ? 0 : value > 0x7fffffff ? 0x7fffffff : value | 0;
    const shift = Math.max(0, 24 - Math.clz32(whole));
    (this.#counts[shift * PER_POWER + (whole >>> shift)] as number)++;
    this.#total++;
    if (whole > this.#max) this.#max = whole;
  }

  /** The value that `share` (0 to 1) of the recorded ones do not exceed; 0 when there are none. */
  quantile(share: number): number {
    let left = Math.max(1, Math.ceil(this.#total * share));
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#counts[i] as number;
      if (left <= 0) return Math.min(this.#max, highestOf(i));
    }
    return this.#max;
  }

  add(other: readonly (readonly [bucket: number, count: number])[], max: number): void {
    for (const [bucket, count] of other) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
      this.#total += count;
    }
    this.#max = Math.max(this.#max, max);
  }

  /** What {@link add} takes. */
  buckets(): [bucket: number, count: number][] {
    return [...this.#counts.entries()].filter(([, count]) => count > 0);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#max = 0;
  }
}

/** The highest value that falls into a bucket. */
function highestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / PER_POWER) - 1);
  return (bucket - shift * PER_POWER + 1) * 2 ** shift - 1;
}
