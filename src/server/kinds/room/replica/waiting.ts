import type { Clock } from "../../../../protocol/index.js";

/** How long at most, in milliseconds. */
const MOST_MS = 1000;

/** Those who wait for something, but not for ever. */
export class Waiting {
  readonly #clock: Pick<Clock, "setTimeout">;
  #waiting: (() => void)[] = [];

  constructor(clock: Pick<Clock, "setTimeout">) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when they are told, and after a second. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#clock.setTimeout(resolve, MOST_MS);
    });
  }

  tell(): void {
    for (const tell of this.#waiting.splice(0)) tell();
  }
}
