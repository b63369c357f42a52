/** How often a subscriber is told something, and how it changes that. */
import { describe, expect, it } from "vitest";
import { state, stream } from "../../../src/server/index.js";
import { seededRandom } from "../../../src/testing/index.js";
import { World } from "../support/engine.js";
import { CHANNEL, setup, type Setup, type Viewer } from "./support.js";

/** Notes when each whole message comes. */
function timesOf({ world }: Setup, viewer: Viewer): number[] {
  const times: number[] = [];
  let seen = viewer.messages;
  for (const name of ["write", "writeShared"] as const) {
    const write: (what: never) => void = viewer.peer[name].bind(viewer.peer);
    viewer.peer[name] = (what: never) => {
      write(what);
      for (; seen < viewer.messages; seen++) times.push(world.clock.monotonic());
    };
  }
  return times;
}

/** The first two messages between which there were more than `rate` gives. */
function faultIn(times: readonly number[], rate: number): string | undefined {
  for (const [i, first] of times.entries()) {
    for (const [more, last] of times.slice(i).entries()) {
      const seconds = (last - first) / 1000;
      const most = Math.ceil(rate * seconds - 1e-6) + 1;
      if (more + 1 > most) return `${more + 1} messages in ${seconds} s at ${rate} a second`;
    }
  }
  return undefined;
}

describe("tuning a subscription", () => {
  it("E32: tells as often as that from its own place on, and answers what that is", async () => {
    const { world, put, watch } = setup();
    await put({ a: 0 });
    const viewer = await watch({ rate: 0.2 });
    const { peer } = viewer;
    expect(await peer.ask({ tune: CHANNEL, rate: 7 })).toEqual({ rate: 5 });
    await put({ a: 1 });
    await world.clock.advance(200);
    expect(viewer.map).toEqual({ a: 1 });
    expect(await peer.ask({ tune: CHANNEL, rate: null })).toEqual({});
    for (let i = 2; i < 50; i++) {
      await put({ a: i });
      await world.clock.settle();
      if (i > 2) expect(viewer.map).toEqual({ a: i });
      await world.clock.advance(100);
    }
    // It is not told again what it was told at the other rate.
    const { messages: told } = viewer;
    expect(await peer.ask({ tune: CHANNEL, rate: 60 })).toEqual({ rate: 60 });
    await world.clock.advance(1000);
    expect(viewer.messages).toBe(told);
    expect(await peer.ask({ tune: CHANNEL, rate: 0.001 })).toEqual({ rate: 0.2 });
    const { messages } = viewer;
    for (let i = 0; i < 100; i++) {
      await put({ a: -i });
      await world.clock.advance(100);
    }
    expect(viewer.messages - messages).toBeLessThanOrEqual(3);
    expect(viewer.messages - messages).toBeGreaterThanOrEqual(1);
  });

  it("E32: with 0 nothing is told and the cursor stays; then what has changed, or all anew", async () => {
    const { world, put, watch } = setup({ graves: { count: 4 } });
    await put({ a: 0, b: 0 });
    const viewer = await watch();
    const { peer } = viewer;
    expect(await peer.ask({ tune: CHANNEL, rate: 0 })).toEqual({ rate: 0 });
    const { cursor, messages } = viewer;
    for (let i = 1; i <= 10; i++) await put({ a: i });
    await put({ b: undefined });
    await world.clock.advance(60_000);
    expect([viewer.cursor, viewer.messages]).toEqual([cursor, messages]);
    await peer.ask({ tune: CHANNEL, rate: 20 });
    await world.clock.settle();
    expect(viewer.lines.at(-1)).toMatchObject({ 2: ["a", 10], 3: { del: ["b"], merged: 11 } });
    await peer.ask({ tune: CHANNEL, rate: 0 });
    for (let i = 0; i < 20; i++) await put({ [`k${i}`]: 1 });
    for (let i = 0; i < 20; i++) await put({ [`k${i}`]: undefined });
    const last = await put({ a: 11 });
    await peer.ask({ tune: CHANNEL, rate: null });
    await world.clock.advance(100);
    expect(peer.events).toMatchObject([{ event: "gap", reason: "trimmed", until: 0 }]);
    expect([viewer.map, viewer.cursor]).toEqual([{ a: 11 }, last]);
  });

  it("E32: a message that has begun is sent to its end, also to one that has paused", async () => {
    const { world, put, watch } = setup();
    for (let i = 0; i < 20; i++) await put({ [`k${i}`]: "x".repeat(5000) });
    const viewer = await watch({ window: 1024 });
    await world.clock.advance(100);
    expect([viewer.lines.length, viewer.messages]).toEqual([1, 0]);
    await viewer.peer.ask({ tune: CHANNEL, rate: 0 });
    await put({ k0: 1 });
    for (let n = 1; n < 10; n++) {
      viewer.peer.send({ ack: viewer.result["ch"], n: Math.min(n, viewer.lines.length) });
      await world.clock.advance(100);
    }
    expect(viewer.messages).toBe(1);
    expect(viewer.map["k0"]).toBe("x".repeat(5000));
    await viewer.peer.ask({ tune: CHANNEL, rate: 60 });
    await world.clock.advance(100);
    expect(viewer.map["k0"]).toBe(1);
  });

  it("E32: the channel says what a subscriber gets at most", async () => {
    const { world, watch } = setup({}, {}, { rate: 10 });
    const viewer = await watch();
    const { peer } = viewer;
    const others = [await watch({ rate: 30 }), await watch({ rate: 5 })];
    expect([viewer, ...others].map(({ result }) => result["rate"])).toEqual([10, 10, 5]);
    expect(await peer.ask({ tune: CHANNEL, rate: null })).toEqual({ rate: 10 });
    expect(await peer.ask({ tune: CHANNEL, rate: 60 })).toEqual({ rate: 10 });
    expect(await peer.ask({ tune: CHANNEL, rate: 0 })).toEqual({ rate: 0 });
    expect(world.engine.node.memories.bytes).toBe(0);
  });

  it("E32: only subscriptions of channels of keys have a rate, and it has to be said", async () => {
    const world = new World({
      "keys/:id": state(),
      "chat/:id": stream() as never,
    });
    const peer = await world.connect({ subs: { "chat/a": {}, [CHANNEL]: {} } });
    expect(await peer.ask({ tune: "chat/a", rate: 5 })).toMatchObject({ error: { code: "wrong_kind" } });
    expect(await peer.ask({ tune: "keys/b", rate: 5 })).toMatchObject({ error: { code: "not_subscribed" } });
    for (const rate of [undefined, -1, "5", true])
      expect(await peer.ask({ tune: CHANNEL, rate })).toMatchObject({ error: { code: "bad_request" } });
  });
});

describe("a rate", () => {
  // The first one once joined its lane in the moment in which that was about to tell something.
  it.each([77_419, 1 + Math.floor(Math.random() * 1e6)])(
    "E33: holds in any time, for whoever tunes to and fro, and for whoever does not read (seed %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const rates = [20, 10, 5, 2, 1, 0, 30];
      const pick = (): number => rates[Math.floor(random.float() * rates.length)] ?? 0;
      const made = setup({}, { limits: { ping: 600_000 } });
      const { world, put, watch } = made;
      await put({ a: 0 });
      const viewers: { viewer: Viewer; times: number[]; fastest: number; tunes: number }[] = [];
      for (let i = 0; i < 6; i++) {
        const rate = pick();
        const viewer = await watch({ rate, ...(i === 2 && { prefix: "a" }) });
        viewers.push({
          viewer,
          times: timesOf(made, viewer),
          fastest: rate,
          tunes: [0, 0.003, 0.1][i % 3] ?? 0,
        });
      }
      for (let ms = 0; ms < 12_000; ms++) {
        if (random.float() < 0.2) await put({ [`${"ab"[ms % 2]}${ms % 3}`]: ms });
        for (const one of viewers) {
          const { peer } = one.viewer;
          if (random.float() < 0.01) {
            peer.stuck = !peer.stuck;
            if (!peer.stuck) peer.drain();
          }
          if (random.float() > one.tunes) continue;
          const rate = pick();
          one.fastest = Math.max(one.fastest, rate);
          peer.send({ tune: CHANNEL, rate });
        }
        await world.clock.advance(1);
      }
      for (const { viewer, times, fastest } of viewers) {
        expect(viewer.peer.closed).toEqual([]);
        expect(faultIn(times, fastest), `seed ${seed}`).toBeUndefined();
      }
      console.log(`seed ${seed}, ${viewers.map(({ times }) => times.length).join(" ")} messages`);
    },
  );

  it("E33: of one who joins or lags counts as that of its lane", async () => {
    const made = setup();
    const { world, put, watch } = made;
    await put({ a: 0 });
    const times = [timesOf(made, await watch({ rate: 5 }))];
    for (let i = 1; i <= 300; i++) {
      if (i % 23 === 0) times.push(timesOf(made, await watch({ rate: 5 })));
      await put({ a: i });
      await world.clock.advance(10);
    }
    for (const [i, one] of times.entries()) {
      expect(faultIn(one, 5)).toBeUndefined();
      // Nobody waits for the others.
      expect(one.length).toBeGreaterThanOrEqual(((3000 - i * 230) / 1000) * 5 - 2);
    }
  });

  it("E33: of one class is told at the same times, whatever is seen and whenever it began", async () => {
    const made = setup();
    const { world, put, watch } = made;
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await put(Object.fromEntries(keys.map((key) => [key, 0])));
    const all: number[][] = [];
    for (const key of keys) {
      await world.clock.advance(7);
      all.push(timesOf(made, await watch({ keys: [key], rate: 20 })));
    }
    for (let i = 1; i < 200; i++) {
      await put(Object.fromEntries(keys.map((key) => [key, i])));
      await world.clock.advance(10);
    }
    const times = new Set(all.flatMap((one) => one.slice(3)));
    expect(times.size).toBeLessThanOrEqual(42);
    for (const one of all) expect(one.length).toBeGreaterThan(36);
  });
});
