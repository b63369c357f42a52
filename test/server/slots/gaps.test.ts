/** Who was away, or whose log is another one. */
import { describe, expect, it } from "vitest";
import { CHANNEL, setup, splitCursor } from "./support.js";

describe("a subscriber of a channel of keys that comes back", () => {
  it("E10: gets what changed since, deleted keys too", async () => {
    const { put, watch } = setup();
    const at = await put({ a: 1, b: 1, c: 1 });
    await put({ b: undefined });
    const now = await put({ c: 2 });
    const viewer = await watch({ cursor: at });
    expect(viewer.result["cursor"]).toBe(at);
    expect(viewer.lines).toEqual([[viewer.result["ch"], splitCursor(now)[1], ["c", 2], { del: ["b"] }]]);
    const again = await watch({ cursor: now });
    expect(again.lines).toEqual([]);
  });

  it("E10: is told anew where tombstones are gone that it would have to hear of", async () => {
    const { put, watch } = setup({ graves: { count: 4 } });
    const at = await put({ a: 1, b: 1 });
    await put({ a: undefined });
    for (let i = 0; i < 6; i++) {
      await put({ [`x${i}`]: 1 });
      await put({ [`x${i}`]: undefined });
    }
    const viewer = await watch({ cursor: at });
    expect(viewer.lines).toMatchObject([
      { event: "gap", after: splitCursor(at)[1], until: 0, reason: "trimmed" },
      [viewer.result["ch"], expect.any(Number), ["b", 1]],
    ]);
    expect(viewer.map).toEqual({ b: 1 });
  });

  it("E10: of an epoch that nobody knows is told anew; beyond the head it waits", async () => {
    const { world, put, watch } = setup();
    const at = await put({ a: 1 });
    const [epoch, offset] = splitCursor(at);
    const stranger = await watch({ cursor: `other:${offset}` });
    await world.clock.settle();
    expect(stranger.lines).toMatchObject([
      { event: "gap", after: offset, until: 0, epoch, reason: "epoch" },
      [stranger.result["ch"], offset, ["a", 1]],
    ]);
    const ahead = await watch({ cursor: `${epoch}:${offset + 1e9}` });
    await put({ a: 2 });
    await world.clock.advance(60_000);
    expect(ahead.lines).toEqual([]);
  });

  it("E10: after a loss is judged from where it was: what it never saw was not lost for it", async () => {
    const { world, put, watch } = setup();
    const early = await put({ a: 1 });
    const snapshot = world.hub.snapshot();
    const [live, paused] = [await watch(), await watch({ cursor: early, rate: 0 })];
    await put({ a: 2, lost: 1 });
    await world.clock.settle();
    expect(live.map).toEqual({ a: 2, lost: 1 });
    world.hub.restore(snapshot);
    await world.clock.advance(1000);
    expect(live.peer.events).toMatchObject([{ until: 0, reason: "rollback" }]);
    expect(live.map).toEqual({ a: 1 });
    expect(paused.lines).toEqual([]);
    const back = await watch({ cursor: paused.cursor });
    const after = splitCursor(early)[1];
    expect(back.peer.events).toMatchObject([{ after, until: after, reason: "failover" }]);
    const at = await put({ a: 3 });
    await world.clock.settle();
    for (const viewer of [live, back]) expect(viewer.cursor).toBe(at);
    expect(back.lines.at(-1)).toEqual([back.result["ch"], splitCursor(at)[1], ["a", 3]]);
  });

  it("E10: of a log that is gone holds nothing any more", async () => {
    const { world, put, watch } = setup();
    await put({ a: 1 });
    const viewer = await watch();
    expect(viewer.map).toEqual({ a: 1 });
    world.hub.restore();
    await world.clock.advance(1000);
    expect(viewer.peer.events).toMatchObject([{ until: 0, reason: "epoch" }]);
    expect(viewer.map).toEqual({});
  });

  it("E8: with another view gets nothing older than it has seen", async () => {
    const { put, watch } = setup();
    await put({ "x/1": 1, "y/1": 1 });
    const first = await watch();
    expect(first.map).toEqual({ "x/1": 1, "y/1": 1 });
    await put({ "x/1": 2 });
    const some = await watch({ prefix: "x/" });
    // Who has seen nothing may get what was made for the first one, and the change behind it.
    const { view } = some.result;
    const wider = await watch({ cursor: some.cursor, view });
    expect(wider.lines).toHaveLength(1);
    expect(wider.map).toEqual({ "x/1": 2, "y/1": 1 });
    const ahead = await watch({
      cursor: `${splitCursor(some.cursor)[0]}:${splitCursor(some.cursor)[1] + 1e9}`,
      view,
    });
    expect(ahead.lines).toEqual([]);
  });

  it("E8, E10: with another view hears of what was lost of what it has seen", async () => {
    const { world, put, watch } = setup({ graves: { count: 0 } });
    const early = await put({ "x/1": 1 });
    const snapshot = world.hub.snapshot();
    const { view } = (await watch({ prefix: "x/" })).result;
    const late = await put({ "x/1": 2, "x/2": 1 });
    await put({ "x/2": undefined });
    // Of tombstones that are gone it need not hear: it is told all.
    const trimmed = await watch({ cursor: late, view });
    expect([trimmed.lines.length, trimmed.map]).toEqual([1, { "x/1": 2 }]);
    world.hub.restore(snapshot);
    await world.clock.advance(1000);
    for (const [cursor, reason] of [
      [late, "rollback"],
      [early, "failover"],
    ] as const) {
      const viewer = await watch({ cursor, view });
      expect(viewer.lines).toMatchObject([
        { event: "gap", after: splitCursor(cursor)[1], until: 0, reason },
        [viewer.result["ch"], expect.any(Number), ["x/1", 1]],
      ]);
    }
  });

  it("E1: nobody is served before what a node reads is whole", async () => {
    const { world, put } = setup();
    await put({ a: 1 });
    const { broker } = world;
    const read = broker.readSlots.bind(broker);
    let answer = (): void => {};
    broker.readSlots = async (channel, from, options) => {
      const page = await read(channel, from, options);
      await new Promise<void>((resolve) => (answer = resolve));
      return page;
    };
    const peer = await world.connect();
    expect(await peer.ask({ subscribe: CHANNEL })).toEqual({});
    for (let i = 0; i < 4; i++) {
      answer();
      await world.clock.settle();
    }
    expect(peer.payloads).toEqual([["a", 1]]);
  });
});
