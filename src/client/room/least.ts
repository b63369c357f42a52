/** The least number that came within the last one to two spans of time: what a link takes when nothing holds it up. */
export class Least {
  readonly #span: number;
  #current = Infinity;
  #before = Infinity;
  #until = -Infinity;

  /** @param span in milliseconds */
  constructor(span: number) {
    this.#span = span;
  }

  /** Infinity where nothing has come for two spans. */
  get value(): number {
    return Math.min(this.#current, this.#before);
  }

  /** @param now in milliseconds, from any start */
  add(value: number, now: number): void {
    if (now >= this.#until) {
      this.#before = now < this.#until + this.#span ? this.#current : Infinity;
      this.#current = Infinity;
      this.#until = now + this.#span;
    }
    this.#current = Math.min(this.#current, value);
  }

  /** Forgets what came. */
  reset(): void {
    this.#current = this.#before = Infinity;
  }
}
