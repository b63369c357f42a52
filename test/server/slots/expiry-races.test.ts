/** Keys with a time to live whose nodes have wrong clocks, whose renewals race their end, or whose broker is away. */
import { describe, expect, it } from "vitest";
import { BrokerError, type Broker, type ChangesDraft, type Follower } from "../../../src/broker/index.js";
import type { Peer } from "../support/engine.js";
import { deferred } from "../support/serve.js";
import { CHANNEL, setup, type Setup } from "./support.js";

/** As long as a lease, and a little more. */
const LEASE_MS = 5500;
const HOUR_MS = 3_600_000;

/** A node's way to its broker, which can be cut, and whose deletions of what is due can be held up. */
class Way {
  isCut = false;
  /** What each deletion of something that is due waits for. */
  held: Promise<void> | undefined;
  deletions = 0;
  readonly #followers = new Set<Follower>();

  readonly wrap = (broker: Broker): Broker =>
    new Proxy(broker, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const method = value as (...args: unknown[]) => unknown;
        return async (...args: unknown[]) => {
          if (this.isCut) throw new BrokerError("unavailable", "no answer");
          if (name === "follow") this.#followers.add(args[1] as Follower);
          if (name === "change" && isDeletion(args[1] as ChangesDraft[])) {
            this.deletions++;
            await this.held;
          }
          return method.apply(target, args);
        };
      },
    });

  cut(): void {
    this.isCut = true;
    for (const follower of this.#followers) follower.onReset();
  }

  mend(): void {
    this.isCut = false;
    for (const follower of this.#followers) follower.onReset();
  }
}

function isDeletion(drafts: readonly ChangesDraft[]): boolean {
  return drafts.some((draft) => draft.if?.some(({ unchangedSince }) => unchangedSince === "due"));
}

/** Two nodes on one broker, the second of which has another clock. Their log has begun, since nothing is due in one that has just. */
async function twoNodes(ahead: number): Promise<readonly [Setup & { way: Way }, Setup & { way: Way }]> {
  const [first, second] = [new Way(), new Way()];
  const one = setup({}, { broker: first.wrap });
  const two = setup({}, { broker: second.wrap, beside: one.world });
  two.world.clock.jump(ahead);
  await one.put({ old: 1 });
  await one.put({ old: undefined });
  return [
    { ...one, way: first },
    { ...two, way: second },
  ];
}

function set(peer: Peer, values: object, ttl?: number): Promise<Record<string, unknown>> {
  return peer.ask({ publish: CHANNEL, data: { set: values, ...(ttl !== undefined && { ttl }) } });
}

describe.each([
  ["an hour ahead", HOUR_MS],
  ["an hour behind", -HOUR_MS],
])("a node whose clock is %s", (_, ahead) => {
  it("E14: deletes nothing before its time, and nothing lives longer for it", async () => {
    const [right, wrong] = await twoNodes(ahead);
    const { clock } = right.world;
    const viewers = [await right.watch(), await wrong.watch()];
    const [here, there] = [await right.world.connect(), await wrong.world.connect()];
    await clock.advance(LEASE_MS);
    await set(here, { a: 1 }, 3000);
    await set(there, { b: 1, c: 1 }, 3000);
    await clock.advance(2900);
    for (const viewer of viewers) expect(viewer.map).toEqual({ a: 1, b: 1, c: 1 });
    await set(there, { c: 1 }, 3000);
    await clock.advance(400);
    for (const viewer of viewers) expect(viewer.map).toEqual({ c: 1 });
    await clock.advance(2900);
    for (const viewer of viewers) expect(viewer.map).toEqual({});
  });

  it("E14: deletes what is due before it serves its first newcomer, and nothing else", async () => {
    const [right, wrong] = await twoNodes(ahead);
    await right.put({ kept: 1 });
    await right.put({ short: 1 }, 1000);
    await right.put({ long: 1 }, HOUR_MS / 2);
    await right.world.clock.advance(LEASE_MS + 1000);
    expect((await wrong.watch()).map).toEqual({ kept: 1, long: 1 });
  });

  it("E14: goes on so where its clock is set in the middle", async () => {
    const [right, wrong] = await twoNodes(0);
    const { clock } = right.world;
    const viewer = await wrong.watch();
    const peer = await wrong.world.connect();
    await clock.advance(LEASE_MS);
    await set(peer, { a: 1 }, 3000);
    wrong.world.clock.jump(ahead);
    await clock.advance(2900);
    expect(viewer.map).toEqual({ a: 1 });
    await clock.advance(400);
    expect(viewer.map).toEqual({});
  });
});

describe("a renewal that races the end", () => {
  it("E14: keeps the key where it is in the log first, though it was due when the node looked", async () => {
    const [one, two] = await twoNodes(0);
    const { clock } = one.world;
    const viewers = [await one.watch(), await two.watch()];
    const device = await two.world.connect();
    await clock.advance(LEASE_MS);
    await set(device, { a: 1 }, 2000);
    const hold = deferred();
    one.way.held = two.way.held = hold.promise;
    await clock.advance(2300);
    expect(one.way.deletions + two.way.deletions).toBeGreaterThan(0);
    expect(await set(device, { a: 1 }, 2000)).toMatchObject({ same: true });
    hold.resolve();
    one.way.held = two.way.held = undefined;
    await clock.advance(1500);
    for (const viewer of viewers) expect(viewer.map).toEqual({ a: 1 });
    await clock.advance(1000);
    for (const viewer of viewers) expect(viewer.map).toEqual({});
  });

  it("E14: sets it anew where it comes after, and everybody is told both", async () => {
    const [one, two] = await twoNodes(0);
    const { clock } = one.world;
    const viewers = [await one.watch(), await two.watch()];
    const device = await two.world.connect();
    await clock.advance(LEASE_MS);
    await set(device, { a: 1 }, 2000);
    await clock.advance(2300);
    expect(await set(device, { a: 1 }, 2000)).not.toHaveProperty("same");
    for (const viewer of viewers) {
      expect(viewer.map).toEqual({ a: 1 });
      expect(viewer.lines.slice(-2)).toMatchObject([
        [1, expect.any(Number), [], { del: ["a"] }],
        [1, expect.any(Number), ["a", 1]],
      ]);
    }
  });

  it("E14: at each moment of a second around the end leaves everybody with what the log holds", async () => {
    const [one, two] = await twoNodes(0);
    const { clock } = one.world;
    const viewers = [await one.watch(), await two.watch()];
    const device = await two.world.connect();
    await clock.advance(LEASE_MS);
    for (let after = 600; after <= 1400; after += 10) {
      await set(device, { a: after }, 1000);
      await clock.advance(after);
      await set(device, { a: after }, 1000);
      // It begins anew, whenever it came.
      await clock.advance(990);
      for (const viewer of viewers) expect(viewer.map, `after ${after} ms`).toEqual({ a: after });
      await clock.advance(300);
      for (const viewer of viewers) expect(viewer.map, `after ${after} ms`).toEqual({});
    }
  });
});

describe("a broker that is away for a minute", () => {
  it("E14: deletes nothing when it is back before those who are there have had five seconds to say so", async () => {
    const [one, two] = await twoNodes(0);
    const { clock } = one.world;
    const viewers = [await one.watch(), await two.watch()];
    const device = await two.world.connect();
    await clock.advance(LEASE_MS);
    await set(device, { there: 1, gone: 1 }, 10_000);
    await set(device, { kept: 1 });
    for (const { way } of [one, two]) way.cut();
    await clock.advance(60_000);
    for (const { way } of [one, two]) way.mend();
    // It was kept all along: its connection pings.
    const again = await two.world.connect();
    await clock.advance(4500);
    for (const viewer of viewers) expect(viewer.map).toEqual({ there: 1, gone: 1, kept: 1 });
    const renewed = await set(again, { there: 1 }, 10_000);
    expect(renewed).toMatchObject({ same: true });
    await clock.advance(2500);
    for (const viewer of viewers) expect(viewer.map).toEqual({ there: 1, kept: 1 });
    await clock.advance(10_000);
    for (const viewer of viewers) expect(viewer.map).toEqual({ kept: 1 });
    expect(viewers.flatMap(({ peer }) => peer.events)).toEqual([]);
  });

  it("E14: from one node only has the other delete what is due, and the first learns of it", async () => {
    const [one, two] = await twoNodes(0);
    const { clock } = one.world;
    const viewers = [await one.watch(), await two.watch()];
    const device = await two.world.connect();
    await clock.advance(LEASE_MS);
    await set(device, { a: 1, b: 1 }, 10_000);
    one.way.cut();
    await clock.advance(8000);
    await set(device, { b: 1 }, HOUR_MS);
    await clock.advance(52_000);
    expect(viewers[1]?.map).toEqual({ b: 1 });
    one.way.mend();
    await clock.advance(LEASE_MS);
    for (const viewer of viewers) expect(viewer.map).toEqual({ b: 1 });
  });
});
