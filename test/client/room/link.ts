/** One direction of a slow link: what is sent comes in order, late, and after a loss later. */
import type { Random } from "../../../src/protocol/index.js";

export interface LinkOptions {
  /** Milliseconds from end to end, and how much more or less. */
  readonly delay: number;
  readonly jitter: number;
  /** How often something is lost, 0 to 1, and how long it takes until it has been sent again, in milliseconds. */
  readonly loss?: number;
  readonly again?: number;
  /** When nothing passes, in milliseconds since the beginning: what is under way waits. */
  readonly cuts?: readonly (readonly [from: number, until: number])[];
}

/** As on a phone: 150 ± 50 ms. */
export const PHONE: LinkOptions = { delay: 150, jitter: 50 };

export class Link<T> {
  readonly #options: LinkOptions;
  readonly #random: Random;
  readonly #underWay: { readonly value: T; readonly due: number }[] = [];
  #last = 0;

  constructor(options: LinkOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  send(value: T, now: number): void {
    const { delay, jitter, loss = 0, again = 250, cuts = [] } = this.#options;
    let due = now + delay + (this.#random.float() * 2 - 1) * jitter;
    if (this.#random.float() < loss) due += again;
    for (const [from, until] of cuts) if (due >= from && due < until) due = until;
    this.#last = Math.max(this.#last, due);
    this.#underWay.push({ value, due: this.#last });
  }

  /** What has come by now. */
  take(now: number): T[] {
    const come: T[] = [];
    while ((this.#underWay[0]?.due ?? Infinity) <= now) {
      const first = this.#underWay.shift();
      if (first) come.push(first.value);
    }
    return come;
  }
}
