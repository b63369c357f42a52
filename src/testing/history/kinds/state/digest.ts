/** One number for a whole map, whatever the order of its keys: the sum of a hash of each key with its value. */

/** Sums stay exact below 2^53. */
const MODULUS = 2 ** 52;

/** From 0 to 2^52 - 1. */
export function hashOf(slot: string, text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const both = `${slot.length}:${slot}${text}`;
  for (let i = 0; i < both.length; i++) {
    const unit = both.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995) ^ (b >>> 13);
  }
  return (a >>> 0) * 2 ** 20 + ((b >>> 0) & 0xfffff);
}

export function plus(digest: number, hash: number): number {
  return (digest + hash) % MODULUS;
}

export function minus(digest: number, hash: number): number {
  return (digest - hash + MODULUS) % MODULUS;
}
