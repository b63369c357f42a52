import { expect, test } from "vitest";
import { RoomRandom, seeded } from "../../../src/server/kinds/room/run/random.js";
import { codeOf } from "./support.js";

test("R31: the numbers of a seed are those of the specification, for ever", () => {
  const some = (seed: number): number[] => {
    const random = seeded(seed);
    return Array.from({ length: 4 }, () => random.next());
  };
  expect(some(0)).toEqual([0.9942569722653424, 0.6797742461561233, 0.3483927262680039, 0.9706887896035655]);
  expect(some(7)).toEqual([0.3648865962898764, 0.8643882735513703, 0.87225978177845, 0.9912516107446382]);
  expect(some(2 ** 53 - 1)).toEqual([
    0.8348596152663595, 0.6524787136121091, 0.42946813725613064, 0.8719486882298604,
  ]);
});

test("seeds that differ in their high half alone make different numbers", () => {
  expect(seeded(1).next()).not.toBe(seeded(2 ** 32 + 1).next());
});

test("numbers are from 0 up to 1, all over, and of 53 bits", () => {
  const random = seeded(42);
  const numbers = Array.from({ length: 20_000 }, () => random.next());
  expect(numbers.every((one) => one >= 0 && one < 1 && Number.isInteger(one * 2 ** 53))).toBe(true);
  expect(numbers.some((one) => !Number.isInteger(one * 2 ** 45))).toBe(true);
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  for (let tenth = 0; tenth < 10; tenth++)
    expect(numbers.filter((one) => Math.floor(one * 10) === tenth).length).toBeGreaterThan(1800);
});

test("randomness goes on from its state", () => {
  const random = seeded(9);
  random.next();
  const { state } = random;
  const expected = [random.next(), random.next()];
  const other = new RoomRandom(state);
  expect([other.next(), other.next()]).toEqual(expected);
  random.state = state;
  expect(random.next()).toBe(expected[0]);
});

test.each([-1, 0.5, Number.NaN, 2 ** 53])("a seed of %d is refused", (seed) => {
  expect(codeOf(() => seeded(seed))).toBe("bad_option");
});
