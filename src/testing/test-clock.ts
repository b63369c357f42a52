import { realClock, type Clock, type Timer } from "../protocol/index.js";
import { EventQueue, type QueuedEvent } from "./event-queue.js";

/**
 * A clock for tests of applications: what is to be done at once is done by itself, and only waiting waits, until `pass`.
 * So `await chat.publish(…)` needs no help, and a token's hour is over in a moment.
 */
export class TestClock implements Clock {
  readonly #timers = new EventQueue();
  readonly #since: number;
  #passed = 0;
  /** Turns that are to come. */
  #turns = 0;

  constructor(now: number) {
    this.#since = now;
  }

  now(): number {
    return Math.floor(this.#since + this.#passed);
  }

  monotonic(): number {
    return this.#passed;
  }

  setTimeout(run: () => void, ms: number): Timer {
    return this.#timers.add(this.#passed + Math.max(1, ms), run);
  }

  clearTimeout(timer: Timer): void {
    if (typeof timer === "object" && timer !== null) (timer as QueuedEvent).run = undefined;
  }

  setImmediate(run: () => void): void {
    this.#turns++;
    realClock.setImmediate(() => {
      this.#turns--;
      run();
    });
  }

  /** Resolves when nothing more happens by itself. What waits for something real, such as a file, is not waited for. */
  async settle(): Promise<void> {
    do await new Promise<void>((resolve) => realClock.setImmediate(resolve));
    while (this.#turns > 0);
  }

  /** Lets time pass, and everything happen that is due in it. */
  async pass(ms: number): Promise<void> {
    const until = this.#passed + ms;
    await this.settle();
    for (let next = this.#timers.first; next !== undefined && next.due <= until; next = this.#timers.first) {
      this.#passed = next.due;
      this.#timers.take()?.run?.();
      await this.settle();
    }
    this.#passed = until;
  }
}
