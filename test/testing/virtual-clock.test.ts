import { describe, expect, test } from "vitest";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";

describe("the virtual clock", () => {
  test("runs timers in the order in which they are due, each at its time", async () => {
    const clock = new VirtualClock({ now: 5000 });
    const ran: [string, number, number][] = [];
    const note = (what: string) => () => ran.push([what, clock.monotonic(), clock.now()]);
    clock.setTimeout(note("late"), 30);
    clock.setTimeout(note("early"), 10);
    clock.setTimeout(note("as early"), 10);
    clock.setTimeout(note("beyond"), 31);
    await clock.advance(30);
    expect(ran).toEqual([
      ["early", 10, 5010],
      ["as early", 10, 5010],
      ["late", 30, 5030],
    ]);
    expect(clock.now()).toBe(5030);
  });

  test("settles every promise between two events", async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setTimeout(() => {
      ran.push("first");
      void (async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve();
        ran.push("after fifty promises");
        clock.setTimeout(() => ran.push("between"), 5);
      })();
    }, 10);
    clock.setTimeout(() => ran.push("last"), 20);
    await clock.advance(20);
    expect(ran).toEqual(["first", "after fifty promises", "between", "last"]);
  });

  test("runs immediates first in, first out, and without time passing", async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.setImmediate(() => {
      ran.push("a");
      clock.setImmediate(() => ran.push("c"));
    });
    clock.setImmediate(() => ran.push("b"));
    expect(ran).toEqual([]);
    await clock.settle();
    expect(ran).toEqual(["a", "b", "c"]);
    expect(clock.monotonic()).toBe(0);
  });

  test("never runs what was cancelled, not even by an event of the same moment", async () => {
    const clock = new VirtualClock();
    let ran = 0;
    const timers = [1, 2, 3].map(() => clock.setTimeout(() => void ran++, 10));
    clock.clearTimeout(timers[0]);
    clock.setTimeout(() => clock.clearTimeout(twin), 20);
    const twin = clock.setTimeout(() => void ran++, 20);
    await clock.advance(100);
    clock.clearTimeout(timers[1]);
    clock.clearTimeout(undefined);
    expect(ran).toBe(2);
  });

  test("jumps on the wall, and its timers do not notice", async () => {
    const clock = new VirtualClock({ now: 100_000 });
    let rangAt = 0;
    clock.setTimeout(() => (rangAt = clock.monotonic()), 1000);
    clock.jump(-50_000);
    expect(clock.now()).toBe(50_000);
    await clock.advance(1000);
    expect(rangAt).toBe(1000);
    expect(clock.now()).toBe(51_000);
  });

  test("drifts against another clock of the same time", async () => {
    const clock = new VirtualClock({ now: 0 });
    const fast = clock.another({ drift: 0.25 });
    const rang: string[] = [];
    clock.setTimeout(() => rang.push("true"), 900);
    fast.setTimeout(() => rang.push("fast"), 1000);
    await fast.advance(1000);
    expect(rang).toEqual(["fast", "true"]);
    expect(fast.monotonic()).toBe(1250);
    expect(fast.now()).toBe(1250);
    expect(clock.now()).toBe(1000);
  });

  test("waits at least a millisecond, so that a timer that sets itself again lets time pass", async () => {
    const clock = new VirtualClock();
    let ran = 0;
    const again = (): void => {
      ran += 1;
      clock.setTimeout(again, 0);
    };
    again();
    await clock.advance(10);
    expect(ran).toBe(11);
  });

  test("refuses to be advanced twice at a time, or backwards", async () => {
    const clock = new VirtualClock();
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow("already");
    await first;
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError);
    await clock.advance(10);
    expect(clock.monotonic()).toBe(20);
  });

  test("keeps many timers in order", async () => {
    const clock = new VirtualClock();
    const random = seededRandom(7);
    const due: number[] = [];
    const ran: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const ms = 1 + Math.floor(random.float() * 500);
      due.push(ms);
      clock.setTimeout(() => ran.push(ms), ms);
    }
    await clock.advance(500);
    expect(ran).toEqual(due.sort((a, b) => a - b));
  });
});

describe("seeded randomness", () => {
  test("is the same for one seed and another for the next", () => {
    const draw = (seed: number): unknown[] => {
      const random = seededRandom(seed);
      return [random.float(), random.id(), random.float(), random.id()];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(0)).not.toEqual(draw(-1));
  });

  test("gives numbers from 0 to 1, evenly, and ids of 22 letters that differ", () => {
    const random = seededRandom(3);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 10_000; i++) {
      const drawn = random.float();
      expect(drawn >= 0 && drawn < 1).toBe(true);
      tenths[Math.floor(drawn * 10)] = (tenths[Math.floor(drawn * 10)] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
    const ids = new Set(Array.from({ length: 1000 }, () => random.id()));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});
