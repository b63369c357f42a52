/** How much there was of something in the last second. */
const WINDOW_MS = 1000;

export class Meter {
  /** Times and amounts in turn, oldest first. */
  #entries: { readonly at: number; readonly amount: number }[] = [];
  #sum = 0;

  add(amount: number, at = performance.now()): void {
    this.#entries.push({ at, amount });
    this.#sum += amount;
    // A page that is not looked at asks for nothing, and must not fill up.
    if (this.#entries.length > 1000) this.#drop(at);
  }

  perSecond(now = performance.now()): number {
    this.#drop(now);
    return this.#sum;
  }

  #drop(now: number): void {
    const from = this.#entries.findIndex(({ at }) => at > now - WINDOW_MS);
    const old = this.#entries.splice(0, from < 0 ? this.#entries.length : from);
    for (const { amount } of old) this.#sum -= amount;
  }
}
