/** How far a subscriber is ahead of what it has acknowledged. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../src/testing/index.js";
import { readCommands } from "../../../src/server/transports/http/request-lines.js";
import { CHANNEL, setup, type Viewer } from "./support.js";

/** The lines that count. */
function linesOf({ lines }: Viewer): readonly unknown[] {
  return lines.filter((line) => Array.isArray(line));
}

/** What those behind the first so many take on the wire. */
function bytesAfter(
  viewer: Viewer,
  acknowledged: number,
): { readonly all: number; readonly largest: number } {
  const sizes = linesOf(viewer).map((line) => Buffer.byteLength(JSON.stringify(line)) + 1);
  const all = sizes.slice(acknowledged).reduce((sum, size) => sum + size, 0);
  return { all, largest: Math.max(0, ...sizes) };
}

function acknowledge(viewer: Viewer, n: number): void {
  viewer.peer.send({ ack: viewer.result["ch"], n });
}

describe("a subscriber with a window", () => {
  it("E30: is sent no more ahead of what it acknowledged than that, as much again of a message that has begun, and a line", async () => {
    const seed = 1 + Math.floor(Math.random() * 1e6);
    const random = seededRandom(seed);
    const { world, put, watch } = setup();
    for (let i = 0; i < 30; i++) await put({ [`k${i}`]: "x".repeat(4000) });
    const most = 3000 + Math.floor(random.float() * 60_000);
    const viewer = await watch({ window: most });
    const free = await watch();
    expect(viewer.result["window"]).toBe(most);
    expect(free.result["window"]).toBeUndefined();
    let acknowledged = 0;
    for (let i = 0; i < 400; i++) {
      const size = random.float() < 0.1 ? 9000 : 20;
      await put({ [`k${Math.floor(random.float() * 40)}`]: `${i}${"y".repeat(random.float() * size)}` });
      if (random.float() < 0.3) {
        // What is late or lost costs nothing: only the newest number counts.
        acknowledged = Math.floor(
          acknowledged + random.float() * (linesOf(viewer).length - acknowledged + 0.99),
        );
        acknowledge(viewer, acknowledged);
      }
      await world.clock.settle();
      const { all, largest } = bytesAfter(viewer, acknowledged);
      expect(all, `seed ${seed}, step ${i}`).toBeLessThanOrEqual(2 * most + largest);
    }
    for (let i = 0; i < 200; i++) {
      acknowledge(viewer, linesOf(viewer).length);
      await world.clock.settle();
    }
    expect(viewer.map, `seed ${seed}`).toEqual(free.map);
    expect(viewer.cursor).toBe(free.cursor);
    console.log(`seed ${seed}`);
  });

  it("E30: gets its parts one by one where it acknowledges them so, and all small lines count together", async () => {
    const { world, put, watch } = setup();
    for (let i = 0; i < 20; i++) await put({ [`k${i}`]: "x".repeat(5000) });
    const viewer = await watch({ window: 1024 });
    for (let lines = 1; lines <= 4; lines++) {
      await world.clock.advance(1000);
      expect(linesOf(viewer)).toHaveLength(lines);
      acknowledge(viewer, lines);
      await world.clock.settle();
    }
    expect(Object.keys(viewer.map)).toHaveLength(20);
    acknowledge(viewer, linesOf(viewer).length);
    const before = linesOf(viewer).length;
    for (let i = 0; i < 100; i++) {
      await put({ a: i });
      await world.clock.settle();
    }
    const { all } = bytesAfter(viewer, before);
    expect(all).toBeGreaterThanOrEqual(900);
    expect(all).toBeLessThanOrEqual(1024);
  });

  it("E30: gets a message that has begun as a whole, and the next one when most of that is acknowledged", async () => {
    const { world, put, watch } = setup();
    for (let i = 0; i < 15; i++) await put({ [`k${i}`]: "x".repeat(5000) });
    const viewer = await watch({ window: 65_536 });
    await world.clock.advance(1000);
    expect(Object.keys(viewer.map)).toHaveLength(15);
    const lines = linesOf(viewer).length;
    expect(lines).toBeGreaterThan(2);
    await put({ a: 1 });
    await world.clock.advance(1000);
    expect(linesOf(viewer)).toHaveLength(lines);
    // Who says so by halves of the window says no more of it than this.
    acknowledge(viewer, lines - 1);
    await world.clock.advance(1000);
    expect(viewer.map["a"]).toBe(1);
  });

  it("E30: waits by itself: others of its rate go on, and it gets the newest of all at once", async () => {
    const { world, put, watch } = setup();
    await put({ sum: 0 });
    const [slow, fast] = [await watch({ window: 1024 }), await watch({ window: 1_000_000 })];
    for (let i = 1; i <= 100; i++) {
      await put({ [`k${i % 10}`]: "x".repeat(200), sum: i });
      await world.clock.settle();
      expect(fast.map["sum"]).toBe(i);
    }
    const { messages } = slow;
    expect(messages).toBeLessThan(8);
    acknowledge(slow, linesOf(slow).length);
    await world.clock.settle();
    expect(slow.messages).toBe(messages + 1);
    expect(slow.map).toEqual(fast.map);
  });

  it("E30: is told of a gap whatever it has acknowledged", async () => {
    const { world, put, watch } = setup();
    await put({ a: "x".repeat(2000) });
    const viewer = await watch({ window: 1024 });
    const snapshot = world.hub.snapshot();
    await put({ b: 1 });
    world.hub.restore(snapshot);
    await world.clock.advance(30_000);
    expect(viewer.peer.events.map(({ event }) => event)).toContain("gap");
    expect(linesOf(viewer)).toHaveLength(1);
    acknowledge(viewer, 1);
    await put({ c: 1 });
    await world.clock.advance(1000);
    expect(viewer.map).toMatchObject({ c: 1 });
  });

  it("E31: an old number, a channel that it is not subscribed to, or one without a window say nothing", async () => {
    const { world, put, watch } = setup();
    await put({ a: "x".repeat(2000) });
    const [viewer, free] = [await watch({ window: 1024 }), await watch()];
    const ch = viewer.result["ch"] as number;
    viewer.peer.send({ ack: ch, n: 0 }, { ack: ch + 17, n: 99 });
    free.peer.send({ ack: ch, n: 99 });
    await put({ a: 1 });
    await world.clock.settle();
    expect([linesOf(viewer).length, linesOf(free).length]).toEqual([1, 2]);
    expect(viewer.lines.concat(free.lines).filter((line) => !Array.isArray(line))).toEqual([]);
    acknowledge(viewer, 1);
    acknowledge(viewer, 0);
    await world.clock.settle();
    expect(viewer.map).toEqual({ a: 1 });
  });

  it("E31: a number above what was sent is refused, and changes nothing", async () => {
    const { world, put, watch } = setup();
    await put({ a: "x".repeat(2000) });
    const viewer = await watch({ window: 1024 });
    acknowledge(viewer, 2);
    await put({ a: 1 });
    await world.clock.settle();
    expect(linesOf(viewer)).toHaveLength(1);
    const errors = viewer.lines.filter((line) => !Array.isArray(line));
    expect(errors).toEqual([{ error: expect.objectContaining({ code: "bad_request" }) as unknown }]);
    for (const command of [{ ack: "a", n: 1 }, { ack: 1 }, { ack: 1, n: -1 }, { ack: 1, n: 0.5 }])
      expect(await viewer.peer.ask(command)).toMatchObject({ error: { code: "bad_request" } });
    expect(await viewer.peer.ask({ ack: viewer.result["ch"], n: 1 })).toEqual({});
  });

  it("E31: lines are counted from each subscription's answer on", async () => {
    const { world, put, watch } = setup();
    await put({ a: "x".repeat(2000) });
    const viewer = await watch({ window: 1024 });
    acknowledge(viewer, 1);
    await viewer.peer.ask({ unsubscribe: CHANNEL });
    const { ch } = await viewer.peer.ask({ subscribe: CHANNEL, window: 1024 });
    const count = linesOf(viewer).length;
    await put({ a: 1 });
    await world.clock.settle();
    expect(linesOf(viewer)).toHaveLength(count);
    viewer.peer.send({ ack: ch, n: 1 });
    await world.clock.settle();
    expect(linesOf(viewer)).toHaveLength(count + 1);
  });

  it("E31: an acknowledgement counts also where it comes too fast", async () => {
    const { world, put, watch } = setup({}, { limits: { commands: { perSecond: 0.001, burst: 2 } } });
    await put({ a: "x".repeat(2000) });
    const viewer = await watch({ window: 1024 });
    await put({ a: 1 });
    acknowledge(viewer, 1);
    await world.clock.settle();
    expect(viewer.map).toEqual({ a: 1 });
  });

  it("E30: a window is 1,024 to 16,777,216 bytes", async () => {
    const { watch } = setup();
    for (const window of [1023, 16_777_217, 2000.5, "2000", -1])
      expect((await watch({ window })).result).toMatchObject({ error: { code: "bad_request" } });
    expect((await watch({ window: 16_777_216 })).result["window"]).toBe(16_777_216);
  });
});

it("H9: an acknowledgement may be sent beside a stream, where it says nothing; tuning may not", () => {
  const connect = { value: { connect: {} }, bytes: undefined };
  const line = (value: object) => [connect, { value, bytes: undefined }];
  expect(readCommands(line({ ack: 1, n: 1 }))).toHaveLength(2);
  expect(readCommands(line({ id: 1, tune: CHANNEL, rate: 1 }))).toMatch("tune cannot be sent on its own");
});
