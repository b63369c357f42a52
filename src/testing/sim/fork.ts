import type { Random } from "../../protocol/index.js";
import { seededRandom } from "../seeded-random.js";

/** A seed for one part of a simulation: parts draw side by side, so one more draw in one shifts no other. */
export function seedFor(seed: number, part: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193);
  hash ^= Math.imul(Math.floor(seed / 0x1_0000_0000), 0x85ebca6b);
  return hash >>> 0;
}

/** The randomness of one part of a simulation. */
export function fork(seed: number, part: string): Random {
  return seededRandom(seedFor(seed, part));
}

/** A whole number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random.float() * (most - least + 1));
}

/** One of several. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random.float() * items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}
