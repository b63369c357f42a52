/** How an owner's writes get into the log: one after the other, each once, and none after its time. */
import { describe, expect, test } from "vitest";
import {
  BrokerError,
  createMemoryHub,
  type Broker,
  type ChangesDraft,
  type Reign,
  type SlotsOptions,
} from "../../../src/broker/index.js";
import { roomLogOptions } from "../../../src/server/kinds/room/owner/room-log.js";
import { LogWriter } from "../../../src/server/kinds/room/owner/writer.js";
import { seededRandom, VirtualClock } from "../../../src/testing/index.js";

const NAME = "reign--1";

interface Setup {
  readonly clock: VirtualClock;
  readonly broker: Broker;
  readonly reign: Reign;
  readonly writer: LogWriter;
  readonly drafts: ChangesDraft[];
  readonly state: { isGood: boolean; fails: "before" | "after" | undefined; epoch: string };
  readonly restore: () => void;
  readonly slots: () => Promise<Record<string, unknown>>;
}

async function setup(): Promise<Setup> {
  const clock = new VirtualClock();
  const hub = createMemoryHub({ clock, random: seededRandom(1) });
  const broker = hub.broker();
  const reign = await broker.reign("c", { ttl: 60_000, secret: "s", note: "n" }, roomLogOptions());
  if (!("token" in reign)) throw new Error("it is taken");
  const drafts: ChangesDraft[] = [];
  const state: Setup["state"] = { isGood: true, fails: undefined, epoch: "" };
  const writer = new LogWriter({
    broker: {
      change: async (channel: string, [draft]: readonly ChangesDraft[], options: SlotsOptions) => {
        if (draft === undefined) return [];
        drafts.push(draft);
        if (state.fails === "before") throw new BrokerError("unavailable", "lost on the way there");
        const outcomes = await broker.change(channel, [draft], options);
        if (state.fails === "after") throw new BrokerError("unavailable", "lost on the way back");
        return outcomes;
      },
    },
    clock,
    channel: "c",
    token: reign.token,
    reign: NAME,
    isGood: () => state.isGood,
    onEpoch: (epoch) => (state.epoch = epoch),
    onError: () => {},
  });
  return {
    clock,
    broker,
    reign,
    writer,
    drafts,
    state,
    restore: () => hub.restore(hub.snapshot()),
    slots: async () => {
      const page = await broker.readSlots("c", { after: 0, limit: 100, bytes: 1e6 }, roomLogOptions());
      const changes = page.entries.flatMap((entry) => entry.changes ?? []);
      return Object.fromEntries(changes.map(({ slot, data }) => [slot, data]));
    },
  };
}

test("what comes in one turn, and while a write is on its way, goes together: one change of all", async () => {
  const { writer, drafts, slots } = await setup();
  const all = [
    writer.write([{ slot: "x", data: "1" }], { quiet: true }),
    writer.write([{ slot: "y", data: "1" }]),
  ];
  await Promise.resolve();
  await Promise.resolve();
  all.push(writer.write([{ slot: "x", data: "2" }]), writer.write([{ slot: "x", data: "3" }]));
  expect(await Promise.all(all)).toEqual(["written", "written", "written", "written"]);
  expect(drafts.map(({ changes }) => changes.length)).toEqual([2, 1]);
  expect(drafts.map(({ quiet }) => quiet)).toEqual([false, false]);
  expect(await slots()).toEqual({ x: "3", y: "1" });
  expect(writer.isIdle).toBe(true);
});

describe("R13: a write whose outcome is unknown is tried again under its key", () => {
  test.each(["before", "after"] as const)("and is in the log once: lost on the way %s", async (fails) => {
    const { clock, writer, drafts, state, slots } = await setup();
    state.fails = fails;
    const written = writer.write([{ slot: "x", data: "1" }]);
    const next = writer.write([{ slot: "z", data: "1" }]);
    await clock.advance(250);
    state.fails = undefined;
    await clock.advance(250);
    expect(await written).toBe("written");
    expect(await next).toBe("written");
    expect(new Set(drafts.map(({ key }) => key.id)).size).toBe(1);
    expect(drafts.length).toBeGreaterThan(2);
    expect(await slots()).toEqual({ x: "1", z: "1" });
  });

  test("until the reign is over", async () => {
    const { clock, writer, drafts, state } = await setup();
    state.fails = "before";
    const written = writer.write([{ slot: "x", data: "1" }]);
    await clock.advance(1000);
    state.isGood = false;
    await clock.advance(1000);
    expect(await written).toBe("late");
    const tries = drafts.length;
    await clock.advance(10_000);
    expect(drafts.length).toBe(tries);
    expect(await writer.write([{ slot: "y", data: "1" }])).toBe("late");
    expect(drafts.length).toBe(tries);
  });
});

test("R4: what another reign keeps out is fenced, and is not tried again", async () => {
  const { clock, writer, drafts, reign, broker } = await setup();
  await reign.release();
  await broker.reign("c", { ttl: 1000, secret: "other", note: "n" }, roomLogOptions());
  expect(await writer.write([{ slot: "x", data: "1" }])).toBe("fenced");
  await clock.advance(10_000);
  expect(drafts).toHaveLength(1);
});

test("R8: the epoch of each write is told", async () => {
  const { writer, state, restore } = await setup();
  await writer.write([{ slot: "x", data: "1" }]);
  const before = state.epoch;
  restore();
  await writer.write([{ slot: "x", data: "2" }]);
  expect(before).not.toBe("");
  expect(state.epoch).not.toBe(before);
});
