import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_OFFSET, isOffset, nextOffset, offsetAt, timeOf } from "../../src/protocol/index.js";

const START_OF_2020 = Date.UTC(2020, 0, 1);
const NOON_2026 = Date.UTC(2026, 5, 1, 12);

describe("the next offset", () => {
  test("is made out of the time", () => {
    expect(nextOffset(0, START_OF_2020 + 1)).toBe(4096);
    expect(nextOffset(0, NOON_2026)).toBe((NOON_2026 - START_OF_2020) * 4096);
    expect(timeOf(nextOffset(0, NOON_2026))).toBe(NOON_2026);
  });

  test("L1: is greater than the last one, whatever the clock says", () => {
    const time = fc.oneof(
      fc.integer({ min: 0, max: Date.UTC(2089, 0, 1) }),
      fc.double({ min: 0, max: Date.UTC(2089, 0, 1), noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), (times) => {
        let last = 0;
        for (const now of times) {
          const next = nextOffset(last, now);
          expect(isOffset(next) && next > last).toBe(true);
          expect(next >= offsetAt(now)).toBe(true);
          last = next;
        }
      }),
    );
  });

  test("goes into the milliseconds ahead when there are more than 4096 in one", () => {
    let last = 0;
    for (let i = 0; i < 5000; i++) last = nextOffset(last, NOON_2026);
    expect(last).toBe(offsetAt(NOON_2026) + 4999);
    expect(timeOf(last)).toBe(NOON_2026 + 1);
    expect(nextOffset(last, NOON_2026 + 1)).toBe(last + 1);
    expect(nextOffset(last, NOON_2026 + 2)).toBe(offsetAt(NOON_2026 + 2));
  });

  test("fits 53 bits until 2089", () => {
    expect(isOffset(nextOffset(0, Date.UTC(2089, 0, 1)))).toBe(true);
    expect(nextOffset(0, Date.UTC(2091, 0, 1))).toBeGreaterThan(MAX_OFFSET);
  });
});

describe("the offset at a time", () => {
  test("is the smallest that an entry of that time can have", () => {
    fc.assert(
      fc.property(fc.integer({ min: START_OF_2020 + 1, max: Date.UTC(2089, 0, 1) }), (time) => {
        expect(offsetAt(time)).toBe(nextOffset(0, time));
        expect(timeOf(offsetAt(time))).toBe(time);
        expect(timeOf(offsetAt(time) - 1)).toBe(time - 1);
      }),
    );
  });

  test("is 0 before 2020 and the largest of all at the end of time", () => {
    expect([offsetAt(0), offsetAt(START_OF_2020), offsetAt(-1)]).toEqual([0, 0, 0]);
    expect(offsetAt(Number.MAX_SAFE_INTEGER)).toBe(MAX_OFFSET);
    expect(offsetAt(START_OF_2020 + 1.9)).toBe(4096);
  });
});

test("L1: an offset is a whole number from 0 to 2^53 - 1, and nothing else", () => {
  for (const value of [0, 1, MAX_OFFSET]) expect(isOffset(value)).toBe(true);
  const others = [-1, 0.5, MAX_OFFSET + 1, Number.NaN, Infinity, "1", null, undefined, [1], {}, 1n];
  for (const value of others) expect(isOffset(value)).toBe(false);
});
