/** Subscribers who are behind. */
import { describe, expect, it } from "vitest";
import { stream } from "../../../src/server/index.js";
import { World } from "../support/engine.js";
import { deferred } from "../support/serve.js";
import { keep, Between, setup, subscribed, say, numbers } from "../support/between.js";

describe("those who are behind", () => {
  it("F4, F1: never hold more than the cap, and get everything in the end", async () => {
    const { world } = setup();
    const [slow, fast] = [await subscribed(world), await subscribed(world)];
    slow.stuck = true;
    for (let i = 1; i <= 300; i++) {
      await say(world, i, i, 10_000);
      await world.clock.settle();
      expect(fast.payloads).toHaveLength(i);
    }
    expect(slow.unsent).toBeLessThanOrEqual(128 * 1024);
    for (let round = 0; round < 200; round++) {
      slow.drain();
      await world.clock.settle();
    }
    expect(slow.payloads.map((text) => parseInt(text as string))).toEqual(numbers(1, 300));
    expect(slow.mostUnsent).toBeLessThanOrEqual(128 * 1024);
    expect(slow.events).toEqual([]);
    // Live again.
    slow.stuck = false;
    await say(world, 301, 301, 10);
    await world.clock.settle();
    expect(slow.payloads).toHaveLength(301);
  });

  it("C13, C6: are told when trimming has overtaken them", async () => {
    const { world } = setup({ retain: { count: 10 } });
    const slow = await subscribed(world);
    slow.stuck = true;
    for (let i = 1; i <= 100; i++) {
      await world.append("log/a", `"${`${i}`.padEnd(20_000, ".")}"`, 10);
      await world.clock.settle();
    }
    slow.stuck = false;
    slow.drain();
    await world.clock.settle();
    const got = slow.payloads.map((text) => parseInt(text as string));
    const gap = slow.lines.findIndex((line) => "event" in line && line.event === "gap");
    expect(slow.events).toMatchObject([{ reason: "trimmed" }]);
    const before = slow.lines.slice(0, gap).filter((line) => Array.isArray(line)).length;
    expect(got).toEqual([...numbers(1, before), ...numbers(91, 100)]);
  });

  it("F7: the cap of all shrinks when all together hold too much", async () => {
    const between = new Between();
    const world = new World(
      { "log/:id": stream(keep) },
      { broker: (b) => between.wrap(b), budget: { total: 512 * 1024 } },
    );
    const peers = [];
    for (let i = 0; i < 20; i++) peers.push(await subscribed(world));
    for (const peer of peers) peer.stuck = true;
    for (let i = 1; i <= 100; i++) {
      await say(world, i, i, 5000);
      await world.clock.settle();
    }
    const all = peers.reduce((sum, peer) => sum + peer.unsent, 0);
    expect(all).toBeLessThanOrEqual(512 * 1024);
    expect(world.engine.node.budget.used).toBeLessThanOrEqual(512 * 1024);
    for (const peer of peers) {
      peer.stuck = false;
      peer.drain();
    }
    await world.clock.advance(1000);
    for (const peer of peers)
      expect(peer.payloads.map((text) => parseInt(text as string))).toEqual(numbers(1, 100));
    expect(world.engine.node.budget.used).toBe(0);
  });

  it("S11: one that has gone is not written to, nor kept, whatever it was waiting for", async () => {
    const { between, world } = setup();
    const slow = await subscribed(world);
    slow.stuck = true;
    for (let i = 1; i <= 20; i++) {
      await say(world, i, i, 10_000);
      await world.clock.settle();
    }
    const reading = await world.connect();
    const answer = deferred();
    between.read = async (read) => {
      const page = await read();
      await answer.promise;
      return page;
    };
    reading.send({ id: 1, subscribe: "log/a", cursor: "x:7" });
    await world.clock.settle();
    const before = [slow.lines.length, reading.lines.length];
    for (const peer of [slow, reading]) peer.connection.transportClosed("1006", false);
    slow.drain();
    answer.resolve();
    await say(world, 21, 21);
    await world.clock.advance(1000);
    expect([slow.lines.length, reading.lines.length]).toEqual(before);
    expect([...world.engine.node.hub].map((channel) => channel.audience.size)).toEqual([0]);
    expect(world.engine.node.budget.used).toBe(0);
  });

  it("K16, S11: one whose own reply ended its connection does not stay in the channel", async () => {
    const { world } = setup();
    const peer = await world.connect();
    const verdict = deferred();
    peer.stuck = true;
    // Room for the command, and none for its answer any more.
    peer.send({ id: 1, subscribe: "log/a" });
    peer.unsent = 128 * 1024;
    verdict.resolve();
    await world.clock.settle();
    expect(peer.closed).toMatchObject([{ code: 4002 }]);
    expect([...world.engine.node.hub].map((channel) => channel.audience.size)).toEqual([0]);
    await world.clock.advance(5000);
    expect([...world.engine.node.hub]).toEqual([]);
  });
});
