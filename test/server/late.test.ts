/** What may have been on its way, or waited, for longer than its key is remembered. */
import { describe, expect, it } from "vitest";
import type { Broker, Draft } from "../../src/broker/index.js";
import { stream } from "../../src/server/index.js";
import { World, type Peer } from "./support/engine.js";
import { deferred } from "./support/serve.js";

const channels = { "log/:id": stream({ retain: { count: 100 } }) };
const ANN = { publisher: "ann's publisher secret" };

/** Lets time pass in which the process does not run: no timer of it fires. */
function standStill({ clock }: World, ms: number): void {
  const before = clock.monotonic.bind(clock);
  clock.monotonic = () => before() + ms;
}

const publish = (peer: Peer, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> =>
  peer.ask({ publish: "log/a", data: 1, ...more });
const unknown = { error: expect.objectContaining({ code: "outcome_unknown", retry: false }) as unknown };
const appended = { offset: expect.any(Number) as number };

/** Somebody who is there, and whose answers to pings do not come through. */
function mute(world: World, peer: Peer): void {
  peer.ping = () => void world.clock.setTimeout(() => peer.send("{}"), 100);
}

/** A broker that appends in another way. */
function appendingBy(broker: Broker, append: Broker["append"]): Broker {
  return new Proxy(broker, {
    get(target, name) {
      if (name === "append") return append;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe("the age of what comes", () => {
  it("K30, P8: a publish is as old as the last ping that was answered, where that is too long ago", async () => {
    const world = new World(channels);
    const peer = await world.connect(ANN);
    const other = await world.connect({ publisher: "bob's publisher secret" });
    mute(world, peer);
    await world.clock.advance(260_000);
    expect(await publish(peer, { idem: 1 })).toEqual(appended);
    await world.clock.advance(20_000);
    expect(await publish(peer, { idem: 2 })).toEqual(unknown);
    // It has no key that could have been forgotten.
    expect(await publish(peer)).toEqual(appended);
    // Who answers pings may stay for as long as it likes.
    expect(await publish(other, { idem: 1 })).toEqual(appended);
    expect(peer.closed).toEqual([]);
  });

  it("K30: what it says itself of its age is added; the time between two pings alone is no reason", async () => {
    const world = new World(channels);
    const peer = await world.connect(ANN);
    await world.clock.advance(100_000 - 1);
    expect(await publish(peer, { idem: 1, age: 269_000 })).toEqual(appended);
    mute(world, peer);
    await world.clock.advance(100_000);
    expect(await publish(peer, { idem: 2, age: 100_000 })).toEqual(appended);
    expect(await publish(peer, { idem: 3, age: 180_000 })).toEqual(unknown);
  });

  it("K30: an answer to a ping makes nothing younger that came before it and waits", async () => {
    const held = deferred<undefined>();
    const world = new World(channels, {
      limits: { unanswered: 1 },
      broker: (broker) =>
        appendingBy(broker, async (...args) => {
          await held.promise;
          return broker.append(...args);
        }),
    });
    const peer = await world.connect(ANN);
    mute(world, peer);
    await world.clock.advance(280_000);
    // Both in one read, and the answer behind them.
    peer.send({ id: 1, publish: "log/a", data: 1 }, { id: 2, publish: "log/a", data: 2, idem: 2 });
    peer.connection.alive(world.clock.monotonic());
    held.resolve(undefined);
    await world.clock.settle();
    expect(peer.answer(1)).toEqual(appended);
    expect(peer.answer(2)).toEqual(unknown);
    expect(await publish(peer, { idem: 3 })).toEqual(appended);
  });

  it("K31: a short dedupe window is a reason to ask more often, and none to be less patient", async () => {
    const world = new World({ "log/:id": stream({ retain: { count: 100 }, dedupe: 8000 }) });
    const peer = await world.connect(ANN);
    const slow = await world.connect();
    const ping = slow.ping.bind(slow);
    // Its answers take longer than a quarter of the window.
    slow.ping = (at) => void world.clock.setTimeout(() => ping(at), 5000);
    await world.clock.advance(24_000);
    expect(peer.pings).toBeGreaterThanOrEqual(11);
    expect(await publish(peer, { idem: 1 })).toEqual(appended);
    await world.clock.advance(60_000);
    expect([...peer.closed, ...slow.closed]).toEqual([]);
  });
});

describe("a process that stood still", () => {
  it("K32: for longer than P8's margin closes its connections, and carries nothing out that came meanwhile", async () => {
    const world = new World(channels);
    const [peer, other] = [await world.connect(ANN), await world.connect()];
    standStill(world, 32_000);
    peer.send({ id: 1, publish: "log/a", data: 1, idem: 1 });
    other.send({ id: 2, publish: "log/a", data: 2 });
    await world.clock.settle();
    expect([peer, other].map(({ closed }) => closed.map(({ code }) => code))).toEqual([[4000], [4000]]);
    expect(peer.closed[0]?.reason).toMatch(/stood still for 32\d\d\d ms/);
    const late = await world.connect(ANN);
    expect(await late.ask({ history: "log/a" })).toMatchObject({ entries: [] });
    // It was never asked to carry it out: a retry is as good as new.
    expect(await publish(late, { idem: 1, age: 33_000 })).toEqual(appended);
  });

  it("K32: for less than that goes on as if nothing had been", async () => {
    const world = new World(channels);
    const peer = await world.connect(ANN);
    standStill(world, 29_000);
    expect(await publish(peer, { idem: 1 })).toEqual(appended);
    await world.clock.advance(60_000);
    expect(peer.closed).toEqual([]);
  });

  it("K32: it is seen by a timer, too, where nothing is read", async () => {
    const world = new World(channels);
    const peer = await world.connect();
    standStill(world, 400_000);
    await world.clock.advance(1500);
    expect(peer.closed.map(({ code }) => code)).toEqual([4000]);
  });
});

describe("what waits", () => {
  /** A broker that does nothing before it is told to, and what it was asked for. */
  function setup() {
    const gate = deferred<undefined>();
    const asked: Draft[] = [];
    const world = new World(channels, {
      broker: (broker) =>
        appendingBy(broker, async (...args) => {
          asked.push(...args[1]);
          await gate.promise;
          return broker.append(...args);
        }),
    });
    return { world, gate, asked };
  }

  it("P23: a publish that waits for those before it ages, and is not appended when its window is over", async () => {
    const { world, gate, asked } = setup();
    const peer = await world.connect(ANN);
    peer.send({ id: 1, publish: "log/a", data: 1, idem: 1 });
    await world.clock.settle();
    peer.send({ id: 2, publish: "log/a", data: 2, idem: 2, age: 100_000 });
    await world.clock.advance(201_000);
    gate.resolve(undefined);
    await world.clock.settle();
    expect(peer.answer(2)).toEqual(unknown);
    expect(asked.map(({ data }) => data)).toEqual(["1"]);
  });

  it("P22: the broker is told how long a publish with a key may still be appended", async () => {
    const { world, gate, asked } = setup();
    const peer = await world.connect(ANN);
    await world.clock.advance(10_000);
    gate.resolve(undefined);
    expect(await publish(peer, { idem: 1, age: 200_000 })).toEqual(appended);
    expect(await publish(peer)).toEqual(appended);
    expect(asked[0]?.within).toBeGreaterThan(300_000 - 200_000 - 26_000);
    expect(asked[0]?.within).toBeLessThanOrEqual(300_000 - 200_000);
    expect(asked[1]?.within).toBeUndefined();
  });
});
