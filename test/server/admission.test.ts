/** How fast connections are let in. */
import { describe, expect, it } from "vitest";
import { stream, tidemark } from "../../src/server/index.js";
import { Admission } from "../../src/server/connection/limits/admission.js";
import { TidemarkError } from "../../src/server/errors.js";
import { seededRandom } from "../../src/testing/index.js";
import { World } from "./support/engine.js";

const channels = { "log/:id": stream({ retain: { count: 1000 } }) };

/** When each of those who come at once is let in, in milliseconds, if they do as they are told. */
function storm(count: number, rate: { perSecond: number; burst: number }, late: () => number): number[] {
  const admission = new Admission(rate, seededRandom(1));
  const admitted: number[] = [];
  const coming = Array.from({ length: count }, () => 0);
  while (coming.length > 0) {
    const at = coming.shift() ?? 0;
    const wait = admission.admit("first", at);
    if (wait instanceof TidemarkError) {
      const back = at + (wait.after ?? 0) + late();
      coming.splice(coming.findLastIndex((time) => time <= back) + 1, 0, back);
    } else admitted.push(at + wait);
  }
  return admitted.sort((a, b) => a - b);
}

/** The most that were let in within any second, the first burst aside. */
function most(times: readonly number[]): number {
  let best = 0;
  let from = 0;
  for (const [i, time] of times.entries()) {
    while (time - (times[from] ?? time) >= 1000) from++;
    best = Math.max(best, i - from + 1);
  }
  return best;
}

describe("the rate of connections", () => {
  it("K52: so many at once, so many a second, and all within the time that this takes", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const random = seededRandom(seed);
      const times = storm(5000, { perSecond: 500, burst: 1000 }, () => 5 + 200 * random.float());
      expect(times).toHaveLength(5000);
      expect(times.filter((time) => time === 0)).toHaveLength(1000);
      // A tenth is for newcomers; what of it nobody took in 5 seconds is there for who comes then.
      expect(most(times.slice(1000))).toBeLessThanOrEqual(501 + 250);
      // 4,000 at 500 a second are 8 seconds; a tenth is left for newcomers.
      expect([seed, (times.at(-1) ?? Infinity) < 11_000]).toEqual([seed, true]);
    }
  });

  it("K52: what a flood was promised keeps nobody out when it is over", () => {
    for (const seed of [1, 2, 3]) {
      const admission = new Admission({ perSecond: 50, burst: 100 }, seededRandom(seed));
      const [over, late] = [30_000, [] as number[]];
      const told: number[] = [];
      const coming = new Map<number, number>();
      const comes = (at: number): void => void coming.set(at, (coming.get(at) ?? 0) + 1);
      // Honest ones, one a second, who do as they are told.
      for (let at = 101; at < over; at += 1000) comes(at);
      for (let now = 0; late.length < 30; now++) {
        // Strangers, 400 a second, who never come back.
        if (now < over && now % 5 === 0) for (let n = 0; n < 2; n++) admission.admit("first", now);
        if (now === over + 1000) expect([seed, admission.admit("first", now)]).toEqual([seed, 0]);
        for (let n = coming.get(now) ?? 0; n > 0; n--) {
          const wait = admission.admit("first", now);
          if (!(wait instanceof TidemarkError)) late.push(now + wait - over);
          else {
            told.push(wait.after ?? Infinity);
            comes(now + (wait.after ?? 0));
          }
        }
      }
      expect([seed, Math.max(...late) < 6000]).toEqual([seed, true]);
      expect([seed, Math.min(...told) >= 50, Math.max(...told) <= 5000]).toEqual([seed, true, true]);
    }
  });

  it("K52: who is one too many waits for a turn", async () => {
    const world = new World(channels, { limits: { connects: { perSecond: 10, burst: 2 } } });
    await world.connect();
    await world.connect();
    const third = world.dial();
    expect(await third.ask({ connect: {} })).toEqual({});
    await world.clock.advance(100);
    expect(third.lines[0]).toMatchObject({ ok: { durability: "memory" } });
  });

  it("K52: who would wait for more than half a second is told when to come back, before anything is asked", async () => {
    let asked = 0;
    const world = new World(channels, {
      limits: { connects: { perSecond: 10, burst: 1 } },
      hooks: { authenticate: () => void asked++ },
    });
    const peers = Array.from({ length: 8 }, () => world.dial());
    for (const peer of peers) peer.send({ id: 1, connect: {} });
    await world.clock.settle();
    const answers = peers.map((peer) => peer.answer(1));
    expect(answers.slice(6).map(({ error }) => error)).toEqual([
      {
        code: "rate_limited",
        message: "more than 10 connections a second; come back in 612 ms",
        retry: true,
        after: 612,
      },
      expect.objectContaining({ after: 723 }),
    ]);
    expect(peers[6]?.closed[0]?.code).toBe(4006);
    expect(asked).toBe(1);
  });

  it("K52: who leaves while it waits is let go", async () => {
    const world = new World(channels, { limits: { connects: { perSecond: 10, burst: 1 } } });
    await world.connect();
    const second = world.dial();
    second.send({ id: 1, connect: {} });
    second.connection.transportClosed("1006", false);
    await world.clock.advance(200);
    expect(second.lines).toEqual([]);
    expect(world.engine.connections.size).toBe(1);
  });

  it("K52: false is no limit", () => {
    const admission = new Admission(false, seededRandom(1));
    for (let i = 0; i < 5000; i++) expect(admission.admit("first", 0)).toBe(0);
  });

  it("A17: a rate that is none throws", () => {
    expect(() => tidemark({ limits: { connects: { perSecond: 0, burst: 10 } } })).toThrow(/limits.connects/);
    expect(() => tidemark({ limits: { connects: { perSecond: 10, burst: 0 } } })).toThrow(/limits.connects/);
  });
});
