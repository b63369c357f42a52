/** The token bucket, by itself. */
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../src/server/connection/limits/rate.js";

describe("the token bucket", () => {
  it("K7: gives a burst at once, and then as many a second", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([0, 0, 0, 100]);
    expect(bucket.take(50)).toBe(50);
    expect(bucket.take(100)).toBe(0);
    expect(bucket.take(100)).toBe(100);
    let taken = 0;
    for (let now = 1000; now < 11_000; now++) if (bucket.take(now) === 0) taken++;
    expect(taken).toBeGreaterThanOrEqual(102);
    expect(taken).toBeLessThanOrEqual(103);
  });

  it("K7: `after` is long enough", () => {
    for (const perSecond of [1, 3, 7, 200, 333]) {
      const bucket = new TokenBucket({ perSecond, burst: 1 }, 0);
      let now = 0;
      for (let i = 0; i < 100; i++) {
        expect(bucket.take(now)).toBe(0);
        now += bucket.take(now);
      }
    }
  });
});
