import fc from "fast-check";
import { expect, test } from "vitest";
import { digitsOf } from "../../src/protocol/digits.js";

test("L1: an offset's digits are the number's, whichever came before it", () => {
  const near = fc.tuple(fc.maxSafeNat(), fc.integer({ min: -5, max: 2000 })).map(([n, by]) => n + by);
  const number = fc
    .oneof(fc.nat(1100), fc.nat(1_100_000), fc.maxSafeNat(), near)
    .filter((n) => Number.isSafeInteger(n) && n >= 0);
  fc.assert(
    fc.property(fc.array(number), (numbers) => {
      expect(numbers.map(digitsOf)).toEqual(numbers.map(String));
    }),
  );
  for (const n of [0, 999, 1000, 1001, 999_999, 1_000_000, 1_000_001, 1_001_000, Number.MAX_SAFE_INTEGER])
    expect(digitsOf(n)).toBe(String(n));
});
