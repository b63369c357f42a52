import type { Random } from "../protocol/index.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ID_LETTERS = 22;

/**
 * Randomness that is the same each time for one seed: sfc32. Not for secrets.
 *
 * @example seededRandom(42).float() === seededRandom(42).float() // true
 */
export function seededRandom(seed: number): Random {
  const next = sfc32(seed);
  return {
    float: () => next() / 0x1_0000_0000,
    id: () => {
      let id = "";
      while (id.length < ID_LETTERS) id += ALPHABET[next() >>> 26];
      return id;
    },
  };
}

/** Chris Doty-Humphrey's small fast counter, 32 bits at a time; its state is filled from the seed by splitmix32. */
function sfc32(seed: number): () => number {
  let fill = seed | 0;
  const split = (): number => {
    fill = (fill + 0x9e3779b9) | 0;
    let mixed = fill ^ (fill >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let [a, b, c, counter] = [split(), split(), split(), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}
