/**
 * The randomness of a room: part of its state, so that a room that is made again from a checkpoint goes on with the same
 * numbers. It is specified, since a room may go on in another version.
 *
 * - The generator is sfc32 (C. Doty-Humphrey): three words and a counter of 32 bits each. A step gives `a + b + counter`, adds 1 to
 *   the counter, and sets `a = b ^ (b >>> 9)`, `b = c + (c << 3)`, `c = rotl(c, 21) + given`.
 * - A seed, a whole number from 0 to 2^53 - 1, is made of two words, low and high. `a`, `b` and `c` are the first three outputs of
 *   splitmix32 that begins at `low ^ imul(high, 0x9e3779b9)`; the counter is 1; the first 15 steps are thrown away.
 * - A number is two steps: `((first >>> 5) * 2^26 + (second >>> 6)) / 2^53`.
 */
import { fault } from "./faults.js";

/** The words a, b, c and the counter, each from 0 to 2^32 - 1. */
export type RandomState = readonly [a: number, b: number, c: number, counter: number];

const WARM_UP = 15;

/** Not for secrets: who sees some numbers can tell all that follow. */
export class RoomRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor([a, b, c, counter]: RandomState) {
    [this.#a, this.#b, this.#c, this.#counter] = [a, b, c, counter];
  }

  get state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0];
  }

  set state([a, b, c, counter]: RandomState) {
    [this.#a, this.#b, this.#c, this.#counter] = [a, b, c, counter];
  }

  /** From 0 up to, not including, 1, in steps of 2^-53. */
  next(): number {
    const high = this.word() >>> 5;
    return (high * 0x400_0000 + (this.word() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** One step: 32 bits, as a signed number. */
  word(): number {
    const given = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + given) | 0;
    return given;
  }
}

/**
 * The randomness that begins at a seed.
 *
 * @throws {RoomFault} `bad_option` for a seed that is no whole number from 0 to 2^53 - 1
 */
export function seeded(seed: number): RoomRandom {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw fault("bad_option", `seed must be a whole number from 0 to 2^53 - 1, not ${String(seed)}`);
  const split = splitmix32((seed >>> 0) ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x9e37_79b9));
  const random = new RoomRandom([split(), split(), split(), 1]);
  for (let step = 0; step < WARM_UP; step++) random.word();
  return random;
}

function splitmix32(seed: number): () => number {
  let fill = seed | 0;
  return () => {
    fill = (fill + 0x9e37_79b9) | 0;
    let mixed = fill ^ (fill >>> 16);
    mixed = Math.imul(mixed, 0x21f0_aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a_2d97);
    return mixed ^ (mixed >>> 15);
  };
}
