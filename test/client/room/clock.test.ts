import { seededRandom } from "tidemark/testing";
import { describe, expect, test } from "vitest";
import { TickClock } from "../../../src/client/room/clock.js";
import { play, quantile, runAbout, SEEDS, type Painted } from "./game.js";
import { PHONE } from "./link.js";

const INTERVAL = 50;

/** How far what is shown moved from one painted frame to the next, in ticks a tick's time. */
function paces(painted: readonly Painted[]): number[] {
  return painted.slice(1).flatMap((one, i) => {
    const before = painted[i];
    if (!before || Number.isNaN(before.tick)) return [];
    return [((one.tick - before.tick) / (one.now - before.now)) * INTERVAL];
  });
}

/** A clock whose frames, of these ticks, come `late` milliseconds late. */
function told(clock: TickClock, from: number, until: number, late: (tick: number) => number): void {
  for (let tick = from; tick <= until; tick++) clock.frame(tick, tick * INTERVAL + late(tick));
}

describe("a room's clock", () => {
  test.each(SEEDS)("knows the room's tick within one, and the way there and back (seed %i)", (seed) => {
    const { painted, scene } = play({
      seed,
      ms: 20_000,
      up: PHONE,
      down: PHONE,
      keys: runAbout(),
      drift: 1e-4,
    });
    for (const { now, roomTick, clockTick } of painted) {
      if (now > 2000) expect(Math.abs(clockTick - roomTick), `seed ${seed} at ${now} ms`).toBeLessThan(1);
    }
    // The least of the way is 200 ms, and a tick may be waited for.
    expect(scene.clock.rtt).toBeGreaterThanOrEqual(200);
    expect(scene.clock.rtt).toBeLessThan(200 + 1.5 * INTERVAL);
  });

  test.each(SEEDS)("shows ticks at time's pace, two to three behind (seed %i)", (seed) => {
    const { painted, scene } = play({ seed, ms: 20_000, up: PHONE, down: PHONE, keys: runAbout() });
    const steady = painted.filter(({ now }) => now > 2000);
    const all = paces(steady);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThanOrEqual(1.25 + 1e-9);
    // Mostly there is a newer tick to go to.
    expect(quantile(all, 0.02)).toBeGreaterThanOrEqual(0.75 - 1e-9);
    const ahead = steady.filter(({ tick, newest }) => tick > newest);
    expect(ahead.length / steady.length, `seed ${seed}`).toBeLessThan(0.03);
    expect(scene.clock.delay).toBeGreaterThan(2 * INTERVAL);
    expect(scene.clock.delay).toBeLessThanOrEqual(3 * INTERVAL);
  });

  test("is two ticks behind over an even link, and never ahead of the newest", () => {
    const even = { delay: 40, jitter: 0 };
    const { painted } = play({ seed: 1, ms: 5000, up: even, down: even, keys: runAbout() });
    for (const { now, tick, newest, roomTick } of painted) {
      if (now < 1000) continue;
      expect(tick).toBeLessThanOrEqual(newest);
      expect(roomTick - tick).toBeCloseTo((40 + 2 * INTERVAL) / INTERVAL, 0);
    }
  });

  test.each(SEEDS)("never goes back nor races while losses hold frames up (seed %i)", (seed) => {
    const lossy = { ...PHONE, loss: 0.03, again: 300 };
    const { painted } = play({ seed, ms: 30_000, up: lossy, down: lossy, keys: runAbout() });
    const all = paces(painted.filter(({ now }) => now > 1000));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all), `seed ${seed}`).toBeLessThanOrEqual(1.25 + 1e-9);
    for (const { tick, newest } of painted) {
      if (newest >= 0) expect(tick).toBeLessThanOrEqual(newest + 1);
    }
  });

  test.each(SEEDS)(
    "is where it was a second after a cut of 5 s, whose frames come at once (seed %i)",
    (seed) => {
      const down = { ...PHONE, cuts: [[4000, 9000]] as const };
      const { painted } = play({ seed, ms: 14_000, up: PHONE, down, keys: runAbout() });
      let before = -Infinity;
      for (const { now, tick, newest, roomTick } of painted) {
        if (newest < 0) continue;
        expect(tick).toBeGreaterThanOrEqual(before);
        before = tick;
        if (now > 4500 && now < 9000) expect(tick).toBeCloseTo(newest + 1, 9);
        if (now > 10_000) expect(roomTick - tick, `seed ${seed} at ${now} ms`).toBeLessThan(7.5);
        if (now > 10_000) expect(roomTick - tick).toBeGreaterThan(3.5);
      }
    },
  );

  test.each(SEEDS)("does not race when the room has stood still and counts on (seed %i)", (seed) => {
    const stalls = [[5000, 7000]] as const;
    const { painted } = play({ seed, ms: 12_000, up: PHONE, down: PHONE, keys: runAbout(), stalls });
    let before = -Infinity;
    for (const { now, tick, newest, roomTick } of painted) {
      if (newest < 0) continue;
      expect(tick).toBeGreaterThanOrEqual(before);
      expect(tick).toBeLessThanOrEqual(newest + 1);
      before = tick;
      if (now > 9000) expect(roomTick - tick, `seed ${seed} at ${now} ms`).toBeGreaterThan(3.5);
      if (now > 9000) expect(roomTick - tick).toBeLessThan(7.5);
    }
    const last = painted.at(-1);
    expect(Math.abs((last?.clockTick ?? 0) - (last?.roomTick ?? 0))).toBeLessThan(1);
  });

  test("catches up after frames that were held up for less than half a second, and jumps beyond", () => {
    for (const [held, jumps] of [
      [400, false],
      [1500, true],
    ] as const) {
      const clock = new TickClock(INTERVAL);
      let newest = 0;
      let before = Number.NaN;
      let most = 0;
      for (let now = 0; now < 8000; now += 10) {
        const come = now >= 3000 && now < 3000 + held ? newest : Math.floor(now / INTERVAL);
        for (; newest < come; newest++) clock.frame(newest + 1, now);
        const shown = clock.render(now);
        if (!Number.isNaN(before)) most = Math.max(most, shown - before);
        before = shown;
      }
      expect(most > (1.25 + 1e-9) / 5).toBe(jumps);
      expect(8000 / INTERVAL - before).toBeCloseTo(2, 0);
    }
  });

  test("begins anew after a reset, with ticks that count from a lower one", () => {
    const clock = new TickClock(INTERVAL);
    told(clock, 100, 160, () => 30);
    expect(clock.render(160 * INTERVAL + 30)).toBeCloseTo(158, 5);
    clock.reset();
    expect(clock.render(9000)).toBeNaN();
    clock.frame(40, 9000);
    expect(clock.newest).toBe(40);
    expect(clock.render(9000)).toBeCloseTo(38, 5);
    expect(clock.render(9050)).toBeCloseTo(39, 5);
  });

  test("knows nothing before the first frame", () => {
    const clock = new TickClock(INTERVAL);
    expect([clock.newest, clock.rtt, clock.jitter]).toEqual([-1, 0, 0]);
    expect(clock.render(5)).toBeNaN();
    expect(clock.tick(5)).toBeNaN();
  });

  test("measures how unevenly frames come, as RFC 3550 says", () => {
    const clock = new TickClock(INTERVAL);
    told(clock, 0, 400, (tick) => (tick % 2) * 16);
    expect(clock.jitter).toBeCloseTo(16, 1);
    expect(clock.delay).toBeCloseTo(2 * INTERVAL, 0);
    const random = seededRandom(3);
    told(clock, 401, 1000, () => random.float() * 100);
    expect(clock.jitter).toBeGreaterThan(20);
    expect(clock.jitter).toBeLessThan(50);
    expect(clock.delay).toBeLessThanOrEqual(3 * INTERVAL);
  });

  test("allows for up to 150 ms where frames come often", () => {
    const clock = new TickClock(1000 / 60);
    for (let tick = 0; tick < 600; tick++) clock.frame(tick, tick * clock.interval + (tick % 2) * 80);
    expect(clock.delay).toBe(150);
  });
});
