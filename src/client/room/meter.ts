/** So much time counts most, in milliseconds. */
const SPAN_MS = 1000;

/** How many bytes a second come: what came last counts most. Times are milliseconds of one clock that never steps back. */
export class Meter {
  #rate = 0;
  #at = 0;

  add(bytes: number, now: number): void {
    this.#rate = this.rate(now) + bytes * (1000 / SPAN_MS);
    this.#at = now;
  }

  /** Bytes a second. */
  rate(now: number): number {
    return this.#rate * Math.exp((this.#at - now) / SPAN_MS);
  }
}
