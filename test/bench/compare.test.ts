/** When a checkout counts as dearer than another. */
import { expect, test } from "vitest";
import { judge } from "../../bench/compare/ratio.js";

test("what costs up to 3 % more in the middle of all rounds is within", () => {
  expect(judge(Array.from({ length: 12 }, () => 1.03))).toMatchObject({ median: 1.03, within: true });
  expect(judge([0.9, 0.95, 1.0, 1.02, 1.3, 1.4, 0.99])).toMatchObject({ median: 1, within: true });
});

test("what costs more in each round is not, however close the rounds are", () => {
  expect(judge(Array.from({ length: 12 }, (_, i) => 1.05 + i / 1000)).within).toBe(false);
});

test("a median above 3 % is chance where the interval includes 1 and ends below 1.06", () => {
  const near = [0.99, 0.995, 1.0, 1.0, 1.03, 1.035, 1.035, 1.04, 1.04, 1.04, 0.998, 1.036];
  const { median, low, high, within } = judge(near);
  expect(median).toBeGreaterThan(1.03);
  expect([low <= 1, high < 1.06, within]).toEqual([true, true, true]);
  // Rounds that are far apart prove nothing, and so not that it is no dearer.
  expect(judge(near.map((ratio) => (ratio > 1.03 ? ratio + 0.2 : ratio))).within).toBe(false);
});

test("the same figures have the same verdict", () => {
  const ratios = [1.01, 0.97, 1.04, 1.06, 0.99];
  expect(judge(ratios)).toEqual(judge(ratios));
});
