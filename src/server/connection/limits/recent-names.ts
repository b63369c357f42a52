/** Names that were used lately, in two generations: one is remembered for one period at least and two at most. Bounded. */
export class RecentNames {
  readonly #period: number;
  readonly #most: number;
  #young = new Set<string>();
  #old = new Set<string>();
  #turnedAt: number;

  /** @param most names in one generation; `period` and all times are milliseconds on one monotonic clock */
  constructor(most: number, period: number, now: number) {
    this.#most = most;
    this.#period = period;
    this.#turnedAt = now;
  }

  /** Whether a name was used lately. To ask is not to use it. */
  has(name: string, now: number): boolean {
    this.#turn(now);
    return this.#young.has(name) || this.#old.has(name);
  }

  note(name: string, now: number): void {
    this.#turn(now);
    this.#young.add(name);
  }

  #turn(now: number): void {
    const passed = now - this.#turnedAt;
    if (passed < this.#period && this.#young.size < this.#most) return;
    this.#old = passed >= 2 * this.#period ? new Set() : this.#young;
    this.#young = new Set();
    this.#turnedAt = now;
  }
}
