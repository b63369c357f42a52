/** Reads of the log: few, one at a time, and what becomes of those that fail. */
import { describe, expect, it } from "vitest";
import { BrokerError } from "../../../src/broker/index.js";
import { keep, setup, subscribed, say } from "../support/between.js";

describe("reads", () => {
  it("F14: what a node has missed is read a page a turn, and each page delivered before the next is read", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 300, 1000);
    let read = 0;
    let undelivered = 0;
    between.read = async (page) => {
      undelivered = Math.max(undelivered, read - peer.payloads.length);
      const found = await page();
      read += found.entries.length;
      return found;
    };
    between.follower?.onReset();
    await world.clock.settle();
    expect(peer.payloads).toHaveLength(300);
    // A page is about 32 KiB, and these are a kilobyte each.
    expect(between.reads).toBeGreaterThan(8);
    expect(undelivered).toBe(0);
  });

  it("F10: one that fails is tried again every 250 ms, and nothing is lost", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 3);
    between.read = () => Promise.reject(new BrokerError("unavailable", "no broker"));
    const before = between.reads;
    between.follower?.onReset();
    await world.clock.advance(2499);
    expect(between.reads - before).toBe(10);
    expect(world.log.lines.at(-1)).toMatchObject({ level: "warn", fields: { channel: "log/a" } });
    between.read = (read) => read();
    await world.clock.advance(250);
    expect(peer.payloads).toEqual([1, 2, 3]);
  });

  it("F10: somebody who reads on waits for the broker, too", async () => {
    const { between, world } = setup();
    await say(world, 1, 3);
    const peer = await world.connect();
    const { cursor } = await peer.ask({ subscribe: "log/a", last: 3 });
    await peer.ask({ unsubscribe: "log/a" });
    peer.lines.length = 0;
    between.read = () => Promise.reject(new BrokerError("unavailable", "no broker"));
    await peer.ask({ subscribe: "log/a", cursor });
    await world.clock.advance(1000);
    expect(peer.payloads).toEqual([]);
    between.read = (read) => read();
    await world.clock.advance(250);
    expect(peer.payloads).toEqual([1, 2, 3]);
  });

  it("F2: a stale one is not taken for a rollback", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    await say(world, 1, 2);
    const stale = await world.elsewhere.read(
      "log/a",
      { after: 0, limit: 1, bytes: 1 },
      { keeping: { by: "entries", retain: keep.retain }, dedupe: 1 },
    );
    const first = { ...stale, head: stale.entries[0]?.offset ?? 0 };
    await say(world, 3, 4);
    await world.clock.settle();
    between.read = async (_, from) => ({
      ...first,
      entries: first.entries.filter((entry) => !("after" in from) || entry.offset > from.after),
    });
    between.follower?.onReset();
    await world.clock.settle();
    const other = await world.connect();
    const cursor = `${first.epochs.at(-1)?.epoch}:${first.head}`;
    await other.ask({ subscribe: "log/a", cursor });
    await world.clock.advance(1000);
    expect(peer.events).toEqual([]);
    expect(other.events).toEqual([]);
    between.read = (read) => read();
    await say(world, 5, 5);
    await world.clock.advance(1000);
    expect(peer.payloads).toEqual([1, 2, 3, 4, 5]);
    expect(other.payloads).toEqual([2, 3, 4, 5]);
  });

  it("C12: a cursor beyond the head waits without reading, and goes on when the log has passed it", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    await say(world, 1, 1);
    await world.clock.settle();
    const { cursor } = await (await world.connect()).ask({ subscribe: "log/a" });
    const [epoch, head] = String(cursor).split(":");
    const ahead = await world.connect();
    await ahead.ask({ subscribe: "log/a", cursor: `${epoch}:${Number(head) + 2}` });
    const before = between.reads;
    await world.clock.advance(15_000);
    expect(between.reads - before).toBe(0);
    // Within the same millisecond offsets go up by one, so it is passed at the third.
    await say(world, 2, 2);
    await world.clock.settle();
    expect(ahead.events).toMatchObject([{ event: "gap", reason: "rollback" }]);
    expect(ahead.payloads).toEqual([2]);
    expect(peer.payloads).toEqual([1, 2]);
  });

  it("F2: somebody who reads on into an epoch that the node missed does not read for ever", async () => {
    const { between, world } = setup();
    await subscribed(world);
    await say(world, 1, 2);
    await world.clock.settle();
    const replica = world.hub.snapshot();
    const { cursor } = await (await world.connect()).ask({ subscribe: "log/a" });
    // More than the node's own memory reaches back.
    await say(world, 3, 6, 60_000);
    await world.clock.settle();
    // The node hears neither of the reset nor of what comes after it.
    const { follower } = between;
    between.hint = () => {};
    const deaf = { onReset: follower?.onReset.bind(follower) };
    if (follower !== undefined) follower.onReset = () => {};
    world.clock.jump(-60_000);
    world.hub.restore(replica);
    await say(world, 7, 7);
    await world.clock.settle();
    if (follower !== undefined && deaf.onReset !== undefined) follower.onReset = deaf.onReset;
    const before = between.reads;
    const peer = await world.connect();
    await peer.ask({ subscribe: "log/a", cursor });
    await world.clock.settle();
    expect(peer.payloads).toEqual([7]);
    expect(between.reads - before).toBeLessThan(10);
  });

  it("F11: those who stand at the same cursor share one", async () => {
    const { between, world } = setup();
    await say(world, 1, 3);
    const first = await subscribed(world, { last: 3 });
    expect(first.payloads).toEqual([1, 2, 3]);
    const peers = [];
    for (let i = 0; i < 20; i++) peers.push(await world.connect());
    const page = await world.elsewhere.read(
      "log/a",
      { after: 0, limit: 1, bytes: 1 },
      { keeping: { by: "entries", retain: keep.retain }, dedupe: 1 },
    );
    const before = between.reads;
    for (const peer of peers) peer.send({ id: 1, subscribe: "log/a", cursor: `${page.epochs[0]?.epoch}:0` });
    await world.clock.settle();
    expect(between.reads - before).toBe(1);
    for (const peer of peers) expect(peer.payloads).toEqual([1, 2, 3]);
  });

  it("S5: many who subscribe at once open the channel once", async () => {
    const { between, world } = setup();
    const peers = [];
    for (let i = 0; i < 20; i++) peers.push(await world.connect());
    for (const peer of peers) peer.send({ id: 1, subscribe: "log/a" });
    await world.clock.settle();
    expect(between.reads).toBe(1);
  });

  it("F12: a channel is followed for 5 seconds after its last subscriber", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    await peer.ask({ unsubscribe: "log/a" });
    await world.clock.advance(4900);
    expect([...world.engine.node.hub]).toHaveLength(1);
    await peer.ask({ subscribe: "log/a" });
    await world.clock.advance(60_000);
    expect([...world.engine.node.hub]).toHaveLength(1);
    await peer.ask({ unsubscribe: "log/a" });
    await world.clock.advance(5000);
    expect([...world.engine.node.hub]).toHaveLength(0);
    const before = between.reads;
    await world.clock.advance(60_000);
    expect(between.reads).toBe(before);
  });

  it("S11: a channel that fails to open refuses who waited for it, and the next one opens it", async () => {
    const { between, world } = setup();
    between.read = () => Promise.reject(new BrokerError("unavailable", "no broker"));
    const peers = [await world.connect(), await world.connect()];
    for (const peer of peers) peer.send({ id: 1, subscribe: "log/a" });
    await world.clock.settle();
    for (const peer of peers)
      expect(peer.answer(1)).toMatchObject({ error: { code: "unavailable", retry: true } });
    between.read = (read) => read();
    for (const peer of peers) expect(await peer.ask({ subscribe: "log/a" })).toHaveProperty("ch");
    await world.clock.advance(60_000);
    await say(world, 1, 1);
    await world.clock.settle();
    for (const peer of peers) expect(peer.payloads).toEqual([1]);
  });
});
