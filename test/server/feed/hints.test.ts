/** Hints that are lost, late, doubled and mixed up; and a feed by itself. */
import { describe, expect, it } from "vitest";
import type { Broker, Hint, Page } from "../../../src/broker/index.js";
import { BrokerError } from "../../../src/broker/index.js";
import { LargePayloads } from "../../../src/server/delivery/large-payloads.js";
import { Reads } from "../../../src/server/feed/read-limit.js";
import { Feed } from "../../../src/server/feed/feed.js";
import { STREAM } from "../../../src/server/kinds/stream/stream.js";
import { VirtualClock, seededRandom } from "../../../src/testing/index.js";
import { deferred } from "../support/serve.js";
import { keep, setup, subscribed, say, numbers } from "../support/between.js";

describe("hints", () => {
  it("F2: a lost one is noticed by the next and mended by reading", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 3);
    await world.clock.settle();
    expect(peer.payloads).toEqual([]);
    between.hint = (hint, follower) => follower.onEntries(hint);
    await say(world, 4, 4);
    await world.clock.settle();
    expect(peer.payloads).toEqual([1, 2, 3, 4]);
    expect(peer.events).toEqual([]);
  });

  it("F3: a lost last one is found by looking, 30 seconds later at most", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 3);
    await world.clock.advance(30_000);
    expect(peer.payloads).toEqual([1, 2, 3]);
  });

  it("F3: at once when the broker says that some may be lost", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 3);
    between.follower?.onReset();
    await world.clock.settle();
    expect(peer.payloads).toEqual([1, 2, 3]);
  });

  it("F2: repeated, late and mixed up ones change nothing", async () => {
    const { between, world } = setup();
    const peer = await subscribed(world);
    const held: Hint[] = [];
    between.hint = (hint, follower) => {
      held.push(hint);
      follower.onEntries(hint);
      follower.onEntries(hint);
      if (held.length % 3 === 0) for (const late of [...held].reverse()) follower.onEntries(late);
    };
    for (let i = 1; i <= 20; i++) {
      await say(world, i, i);
      await world.clock.settle();
    }
    expect(peer.payloads).toEqual(numbers(1, 20));
    expect(peer.events).toEqual([]);
  });

  it("F1, F2: whatever becomes of them, everybody gets everything once and in order", async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const { between, world } = setup();
      const random = seededRandom(seed);
      const held: Hint[] = [];
      between.hint = (hint, follower) => {
        const chance = random.float();
        if (chance < 0.2) return;
        if (chance < 0.4) held.push(hint);
        else follower.onEntries(hint);
        if (chance > 0.8)
          follower.onEntries(held.splice(Math.floor(random.float() * held.length), 1)[0] ?? hint);
      };
      between.read = async (read) => {
        const page = await read();
        const late = deferred();
        world.clock.setTimeout(() => late.resolve(), Math.floor(random.float() * 4));
        await late.promise;
        if (random.float() < 0.1) throw new BrokerError("unavailable", "now and then");
        return page;
      };
      const peers = [await world.connect(), await world.connect(), await world.connect()];
      for (const peer of peers) {
        peer.send({ id: 1, subscribe: "log/a" });
        await world.clock.advance(20);
      }
      for (let i = 1; i <= 60; i++) {
        for (const peer of peers) {
          if (random.float() < 0.1) peer.stuck = !peer.stuck;
          if (!peer.stuck) peer.drain();
        }
        await say(world, i, i, 2000);
        if (random.float() < 0.5) await world.clock.advance(Math.floor(random.float() * 5));
      }
      for (const peer of peers) {
        peer.stuck = false;
        peer.drain();
      }
      await world.clock.advance(31_000);
      for (const peer of peers) {
        const got = peer.payloads.map((payload) => parseInt(payload as string));
        // A subscription that was refused for a failed read is the one thing that may be missing.
        if (peer.lines.some((line) => "error" in line)) continue;
        expect({ seed, got }).toEqual({ seed, got: numbers(1, 60) });
        expect(peer.mostUnsent).toBeLessThanOrEqual(128 * 1024);
      }
    }
  });
});

describe("a stream that keeps nothing", () => {
  it("C7, F2: a lost hint is a gap, since there is nothing to read", async () => {
    const { between, world } = setup({});
    const peer = await subscribed(world);
    between.hint = () => {};
    const lost = await world.append("log/a", "1", 0);
    await world.clock.settle();
    between.hint = (hint, follower) => follower.onEntries(hint);
    const next = await world.append("log/a", "2", 0);
    await world.clock.settle();
    expect(peer.events).toMatchObject([{ event: "gap", after: 0, until: next, reason: "trimmed" }]);
    await world.append("log/a", "3", 0);
    await world.clock.settle();
    expect(peer.payloads).toEqual([3]);
    expect(lost).toBeLessThan(next);
  });

  it("F3, G1: a comparison with the broker while messages come costs none of them", async () => {
    const { between, world } = setup({});
    const peer = await subscribed(world);
    const answers: (() => void)[] = [];
    between.read = async (read) => {
      const page = await read();
      await new Promise<void>((resolve) => answers.push(resolve));
      return page;
    };
    for (let i = 1; i <= 9; i += 3) {
      await world.append("log/a", `${i}`, 0);
      between.follower?.onReset();
      await world.append("log/a", `${i + 1}`, 0);
      await world.clock.settle();
      await world.append("log/a", `${i + 2}`, 0);
      answers.shift()?.();
      await world.clock.settle();
    }
    while (answers.length > 0) {
      answers.shift()?.();
      await world.clock.settle();
    }
    expect(peer.events).toEqual([]);
    expect(peer.payloads).toEqual(numbers(1, 9));
  });

  it("C3, C16, C17: since a time, or the last ones, is all from there on, however long the subscribing takes", async () => {
    for (const start of [{ since: 1 }, { last: 2 }]) {
      const { between, world } = setup({ presence: true });
      await subscribed(world);
      const peer = await world.connect();
      const joined = deferred();
      between.join = joined.promise;
      peer.send({ id: 7, subscribe: "log/a", ...start });
      await world.clock.settle();
      await say(world, 1, 2);
      await world.clock.settle();
      joined.resolve();
      await world.clock.settle();
      expect(peer.lines).toContainEqual(
        expect.objectContaining({ id: 7, ok: expect.objectContaining({ complete: true }) }),
      );
      expect(peer.payloads).toEqual([1, 2]);
    }
  });

  it("C16: nothing from before that time comes, also where the node has not heard of it", async () => {
    const { between, world } = setup({});
    await subscribed(world);
    between.hint = () => {};
    await say(world, 1, 3);
    await world.clock.advance(1000);
    const peer = await subscribed(world, { since: world.clock.now() });
    between.follower?.onReset();
    await world.clock.settle();
    await world.clock.advance(1000);
    between.hint = (hint, follower) => follower.onEntries(hint);
    await say(world, 4, 4);
    await world.clock.advance(1000);
    expect(peer.payloads).toEqual([4]);
    expect(peer.events).toEqual([]);
  });

  it("F4: somebody who lags a little still gets it from the node's memory", async () => {
    const { world } = setup({});
    const peer = await subscribed(world);
    peer.stuck = true;
    for (let i = 1; i <= 5; i++) {
      await world.append("log/a", `"${`${i}`.padEnd(30_000, ".")}"`, 0);
      await world.clock.settle();
    }
    expect(peer.payloads).toHaveLength(4);
    peer.stuck = false;
    peer.drain();
    await world.clock.settle();
    expect(peer.payloads.map((text) => parseInt(text as string))).toEqual([1, 2, 3, 4, 5]);
    expect(peer.events).toEqual([]);
  });
});

describe("a feed by itself", () => {
  it("F3: opens at the head, and checks what came while it opened", async () => {
    const clock = new VirtualClock();
    const epochs = [{ epoch: "a", base: 0 }];
    const pages: Page[] = [
      { entries: [], oldestPrev: 0, head: 10, epochs },
      { entries: [{ offset: 20, prev: 10, data: "20" }], oldestPrev: 0, head: 20, epochs },
    ];
    const broker = { read: async () => pages.shift() } as unknown as Broker;
    const feed = new Feed(
      STREAM,
      {
        channel: "c",
        ch: 1,
        log: { keeping: { by: "entries", ...keep }, dedupe: 0 },
        large: new LargePayloads(),
      },
      {
        broker,
        reads: new Reads(1),
        clock,
        collect: (flush) => clock.setImmediate(flush),
        onError: () => {},
      },
    );
    feed.onEntries({ epoch: "a", entries: [{ offset: 20, prev: 10, data: "20" }] });
    await feed.open();
    expect(feed.head).toEqual({ epoch: "a", offset: 10 });
    await clock.settle();
    expect(feed.head).toEqual({ epoch: "a", offset: 20 });
    feed.close();
    feed.onEntries({ epoch: "a", entries: [{ offset: 30, prev: 20, data: "30" }] });
    await clock.settle();
    expect(feed.head.offset).toBe(20);
  });
});
