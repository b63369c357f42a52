/** The feed over a broker whose hints are lost, late, doubled and mixed up, in virtual time. */
import { describe, expect, it } from "vitest";
import type { Broker, Follower, Hint, Page, ReadFrom } from "../../src/broker/index.js";
import { BrokerError } from "../../src/broker/index.js";
import { Feed } from "../../src/server/feed/feed.js";
import { STREAM } from "../../src/server/kinds/stream/stream.js";
import { stream } from "../../src/server/index.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";
import { World, type Peer } from "./support/engine.js";
import { deferred } from "./support/serve.js";

const keep = { retain: { count: 1000 } };

/** What stands between the server and its broker. */
class Between {
  /** What becomes of each hint. Default: it arrives. */
  hint: (hint: Hint, follower: Follower) => void = (hint, follower) => follower.onEntries(hint);
  /** What becomes of each read. Default: it is done. */
  read: (read: () => Promise<Page>, from: ReadFrom) => Promise<Page> = (read) => read();
  /** What a join waits for. */
  join: Promise<void> | undefined;
  reads = 0;
  follower: Follower | undefined;

  wrap(broker: Broker): Broker {
    return Object.assign(Object.create(broker) as Broker, {
      durability: broker.durability,
      append: broker.append.bind(broker),
      signal: broker.signal.bind(broker),
      join: (async (channel, member, instance) => {
        await this.join;
        return broker.join(channel, member, instance);
      }) satisfies Broker["join"],
      leave: broker.leave.bind(broker),
      members: broker.members.bind(broker),
      listen: broker.listen.bind(broker),
      read: ((channel, from, options) => {
        this.reads++;
        return this.read(() => broker.read(channel, from, options), from);
      }) satisfies Broker["read"],
      follow: ((channel, follower) => {
        this.follower = follower;
        return broker.follow(channel, {
          onEntries: (hint) => this.hint(hint, follower),
          onSignals: (signals) => follower.onSignals(signals),
          onPresence: (change) => follower.onPresence(change),
          onReset: () => follower.onReset(),
        });
      }) satisfies Broker["follow"],
    });
  }
}

function setup(
  options: Parameters<typeof stream>[0] = keep,
  limits = {},
): { between: Between; world: World } {
  const between = new Between();
  const world = new World(
    { "log/:id": stream(options) },
    { broker: (broker) => between.wrap(broker), limits: { commands: false, ...limits } },
  );
  return { between, world };
}

async function subscribed(world: World, more: Record<string, unknown> = {}): Promise<Peer> {
  const peer = await world.connect();
  expect(await peer.ask({ subscribe: "log/a", ...more })).toHaveProperty("ch");
  return peer;
}

async function say(world: World, from: number, to: number, size = 0): Promise<void> {
  for (let i = from; i <= to; i++)
    await world.append("log/a", size === 0 ? `${i}` : `"${`${i}`.padEnd(size, ".")}"`);
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

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

describe("the fan-out", () => {
  it("F8: a message is encoded once, and written once to each live subscriber", async () => {
    const { world } = setup();
    const peers = [];
    for (let i = 0; i < 100; i++) peers.push(await subscribed(world));
    for (const peer of peers) peer.shared.length = 0;
    await say(world, 1, 10);
    await world.clock.settle();
    const [first] = peers[0]?.shared ?? [];
    expect(first?.text?.split("\n")).toHaveLength(10);
    for (const peer of peers) {
      expect(peer.shared).toHaveLength(1);
      expect(peer.shared[0]).toBe(first);
    }
  });

  it("F8: several channels in one turn are one frame", async () => {
    const { world } = setup();
    const peer = await world.connect();
    for (const id of ["a", "b", "c"]) await peer.ask({ subscribe: `log/${id}` });
    peer.frames.length = 0;
    for (const id of ["a", "b", "c"]) await world.append(`log/${id}`, `"${id}"`);
    await world.clock.settle();
    expect(peer.frames).toHaveLength(1);
    expect(peer.payloads).toEqual(["a", "b", "c"]);
  });

  it("F9, F1: somebody who joins or lags in the middle of it gets nothing twice and misses nothing", async () => {
    const { world } = setup();
    const peers: Peer[] = [];
    for (let i = 0; i < 300; i++) peers.push(await subscribed(world));
    // Each write takes a while, so that a fan-out is spread over many turns.
    let wall = 0;
    world.clock.monotonic = () => wall;
    for (const peer of peers) {
      const write = peer.writeShared.bind(peer);
      peer.writeShared = (chunk) => ((wall += 0.1), write(chunk));
    }
    const late: Peer[] = [];
    for (let i = 1; i <= 30; i++) {
      await say(world, i, i, 5000);
      for (const one of peers.slice(i, i + 1)) one.stuck = i % 2 === 0;
      if (i % 5 === 0) {
        const peer = world.dial();
        peer.send({ id: 1, connect: { subs: { "log/a": { last: 1000 } } } });
        late.push(peer);
      }
      await world.clock.settle();
    }
    for (const peer of peers) {
      peer.stuck = false;
      peer.drain();
    }
    await world.clock.settle();
    for (const peer of [...peers, ...late])
      expect(peer.payloads.map((text) => parseInt(text as string))).toEqual(numbers(1, 30));
  });

  it("S2: nothing comes after an unsubscribe, whenever it is", async () => {
    for (let turn = 0; turn < 6; turn++) {
      const { world } = setup();
      const peer = await subscribed(world);
      await world.append("log/a", "1");
      for (let i = 0; i < turn; i++) await Promise.resolve();
      peer.send({ id: 7, unsubscribe: "log/a" });
      await world.append("log/a", "2");
      await world.clock.settle();
      const ok = peer.lines.findIndex((line) => "id" in line && line.id === 7);
      expect(ok).toBeGreaterThanOrEqual(0);
      expect(peer.lines.slice(ok + 1)).toEqual([]);
    }
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
      { channel: "c", ch: 1, log: { keeping: { by: "entries", ...keep }, dedupe: 0 } },
      { broker, clock, collect: (flush) => clock.setImmediate(flush), onError: () => {} },
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
