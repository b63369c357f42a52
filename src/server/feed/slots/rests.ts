import type { Clock, Timer } from "../../../protocol/index.js";

/** Those who have to wait for a time, however many there are: with one timer. Those of one rate wait for the same times. */
export class Rests<Who> {
  readonly #clock: Clock;
  readonly #wake: (one: Who) => void;
  /** Until when, on the monotonic clock. */
  readonly #until = new Map<Who, number>();
  #timer: Timer;
  #due = Infinity;

  constructor(clock: Clock, wake: (one: Who) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Has it woken once, at that time. */
  add(one: Who, until: number): void {
    this.#until.set(one, until);
    if (until < this.#due) this.#arm(until);
  }

  delete(one: Who): void {
    if (this.#until.delete(one) && this.#until.size === 0) this.close();
  }

  close(): void {
    this.#until.clear();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Infinity;
  }

  #arm(due: number): void {
    this.#clock.clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = this.#clock.setTimeout(() => this.#run(due), Math.max(0, due - this.#clock.monotonic()));
  }

  #run(due: number): void {
    this.#timer = undefined;
    this.#due = Infinity;
    const woken: Who[] = [];
    let next = Infinity;
    for (const [one, until] of this.#until) {
      if (until <= due) woken.push(one);
      else next = Math.min(next, until);
    }
    for (const one of woken) this.#until.delete(one);
    if (next < Infinity) this.#arm(next);
    for (const one of woken) this.#wake(one);
  }
}
