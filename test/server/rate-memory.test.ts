import { expect, test } from "vitest";
import { RateMemory } from "../../src/server/connection/limits/rate-memory.js";

test("H41: a client has one rate, however often it is asked for", () => {
  const rates = new RateMemory({ perSecond: 10, burst: 2 });
  expect([rates.of("ann", 0)?.take(0), rates.of("ann", 0)?.take(0)]).toEqual([0, 0]);
  expect(rates.of("ann", 0)?.take(0)).toBe(100);
  expect(rates.of("bob", 0)?.take(0)).toBe(0);
  expect(rates.of("ann", 100)?.take(100)).toBe(0);
});

test("H41: of too many, those are forgotten that were not heard of for longest", () => {
  const rates = new RateMemory({ perSecond: 10, burst: 1 }, 2);
  for (const name of ["ann", "bob", "ann", "cay"]) rates.of(name, 0)?.take(0);
  expect(rates.of("ann", 0)?.take(0)).toBe(100);
  expect(rates.of("bob", 0)?.take(0)).toBe(0);
});

test("H41: no limit is none", () => {
  expect(new RateMemory(false).of("ann", 0)).toBeUndefined();
});
