import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "tidemark/load";

test("a quantile is within 1 % of the exact one, and never below it", () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const histogram = new Histogram();
      for (const value of list) histogram.record(value);
      const sorted = list.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(list.length * share) - 1)] ?? 0;
      const found = histogram.quantile(share);
      return found >= exact && found <= exact * 1.01 + 1;
    }),
  );
});

test("histograms of several processes add up", () => {
  const [one, other, both] = [new Histogram(), new Histogram(), new Histogram()];
  for (let i = 0; i < 1000; i++) {
    (i % 3 === 0 ? one : other).record(i * i);
    both.record(i * i);
  }
  const sum = new Histogram();
  for (const part of [one, other]) sum.add(part.buckets(), part.max);
  expect(sum.total).toBe(both.total);
  expect(sum.max).toBe(both.max);
  expect(sum.buckets()).toEqual(both.buckets());
});

test("an empty one has no latencies, and a cleared one is empty", () => {
  const histogram = new Histogram();
  expect(histogram.quantile(0.99)).toBe(0);
  histogram.record(5);
  histogram.clear();
  expect([histogram.total, histogram.max, histogram.quantile(1)]).toEqual([0, 0, 0]);
});
