import { seededRandom } from "../../../../src/testing/index.js";

export interface Random {
  float(): number;
  /** From 0 up to, and without, `end`. */
  int(end: number): number;
  /** Whether something happens that has this probability. */
  chance(probability: number): boolean;
  /** A number between two others. */
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
}

export function randomOf(seed: number): Random {
  const random = seededRandom(seed);
  const float = (): number => random.float();
  const int = (end: number): number => Math.floor(float() * end);
  return {
    float,
    int,
    chance: (probability) => float() < probability,
    between: (low, high) => low + float() * (high - low),
    pick: (from) => nth(from, int(from.length)),
  };
}

function nth<T>(from: readonly T[], place: number): T {
  for (const [i, one] of from.entries()) if (i === place) return one;
  throw new Error("there is nothing to pick from");
}

/** Seeds that are always tried, and one that is not: the title of the test says it. `TIDEMARK_SEED` has only that one tried. */
export function seeds(count: number): number[] {
  const one = process.env["TIDEMARK_SEED"];
  if (one !== undefined) return [Number(one)];
  return [...Array.from({ length: count }, (_, i) => i + 1), Date.now() % 1_000_000_007];
}
