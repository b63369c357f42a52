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
