/** Choices of one seed. */
import { seededRandom } from "tidemark/testing";

export class Dice {
  readonly #random: { float(): number };

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** True once in so many times. */
  rarely(times: number): boolean {
    return this.#random.float() * times < 1;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.#random.float() * end);
  }

  of<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}
