import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { realClock, realRandom } from "../../src/protocol/index.js";

const DAY = 86_400_000;

describe("the real clock's timers", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("ring once, and not when they were cancelled", () => {
    const rang: string[] = [];
    realClock.setTimeout(() => rang.push("rang"), 100);
    realClock.clearTimeout(realClock.setTimeout(() => rang.push("cancelled"), 100));
    realClock.clearTimeout(undefined);
    vi.advanceTimersByTime(99);
    expect(rang).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(rang).toEqual(["rang"]);
  });

  test("ring in time when that is further away than the platform's can be", () => {
    const rang: string[] = [];
    realClock.setTimeout(() => rang.push("rang"), 60 * DAY);
    const cancelled = realClock.setTimeout(() => rang.push("cancelled"), 60 * DAY);
    vi.advanceTimersByTime(30 * DAY);
    realClock.clearTimeout(cancelled);
    vi.advanceTimersByTime(30 * DAY - 1);
    expect(rang).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rang).toEqual(["rang"]);
  });
});

test("the real clock's immediates come after the promises of this turn", async () => {
  const ran: string[] = [];
  const done = new Promise<void>((resolve) => {
    realClock.setImmediate(() => {
      ran.push("immediate");
      resolve();
    });
  });
  void Promise.resolve().then(() => ran.push("promise"));
  await done;
  expect(ran).toEqual(["promise", "immediate"]);
});

test("the real clock tells the time, and its steady face never steps back", () => {
  expect(Math.abs(realClock.now() - Date.now())).toBeLessThan(1000);
  const [before, after] = [realClock.monotonic(), realClock.monotonic()];
  expect(after).toBeGreaterThanOrEqual(before);
});

test("real randomness has ids of 22 letters that differ", () => {
  const ids = new Set(Array.from({ length: 1000 }, () => realRandom.id()));
  expect(ids.size).toBe(1000);
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  const drawn = realRandom.float();
  expect(drawn >= 0 && drawn < 1).toBe(true);
});
