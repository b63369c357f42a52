import type { Random } from "../../protocol/index.js";
import { EPOCH_LETTERS, LETTERS } from "../log/epoch-names.js";

const RANDOM_LETTERS = EPOCH_LETTERS - 2;
const COUNTED = LETTERS.length ** 2;

/**
 * Names for the epochs that an append may begin, each unlike all others: one goes with every call, and nearly none is
 * used. 36 of its bits are random and 12 are counted: asking
 * the system for random bits each time would cost an append some microseconds.
 */
export class EpochNames {
  readonly #random: Random;
  #begin = "";
  #count = COUNTED;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): string {
    if (this.#count === COUNTED) {
      this.#begin = this.#random.id().slice(0, RANDOM_LETTERS);
      this.#count = 0;
    }
    const count = this.#count++;
    return this.#begin + letter(count >> 6) + letter(count & 63);
  }
}

function letter(value: number): string {
  return LETTERS[value] as string;
}
