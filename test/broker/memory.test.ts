import { describe, expect, it, test } from "vitest";
import {
  createMemoryHub,
  memoryBroker,
  type Broker,
  type Draft,
  type Follower,
  type LogOptions,
  type MemoryHub,
  type MemoryOptions,
} from "../../src/broker/index.js";
import { LeaseTable } from "../../src/broker/memory/lease-table.js";
import { timeOf } from "../../src/protocol/index.js";
import { VirtualClock, brokerContract, seededRandom } from "../../src/testing/index.js";

brokerContract(
  "memory",
  async () => {
    const clock = new VirtualClock();
    const hub = createMemoryHub({ clock, random: seededRandom(1) });
    return {
      connect: async () => hub.broker(),
      close: async () => {},
      settle: () => clock.settle(),
      elapse: (ms) => clock.advance(ms),
      size: async () => hub.channels,
    };
  },
  { describe, it },
);

const DAY = 86_400_000;
const KEEP: LogOptions = { keeping: { by: "entries", retain: { count: 100 } }, dedupe: 60_000 };
const WHOLE = { after: 0, limit: 100, bytes: 10_000 };

let keys = 0;
function draft(data: Draft["data"] = "1"): Draft {
  return { data, key: { scope: "test", id: `${++keys}`, print: 0 } };
}

function setup(options: Partial<MemoryOptions> = {}): { clock: VirtualClock; hub: MemoryHub } {
  const clock = new VirtualClock();
  return { clock, hub: createMemoryHub({ clock, random: seededRandom(1), ...options }) };
}

function follower(told: unknown[]): Follower {
  return {
    onEntries: (hint) => void told.push(hint.entries.map(({ data }) => data)),
    onSignals: (signals) => void told.push(signals.map(({ data }) => data)),
    onPresence: (change) => void told.push(change),
    onReset: () => void told.push("reset"),
  };
}

/** Uses the hub until its sweep has been all the way round, without naming a channel that is kept. */
async function sweepAll({ hub, clock }: ReturnType<typeof setup>): Promise<void> {
  const node = hub.broker();
  for (let i = 0; i < 2 * hub.channels + 256; i++)
    await node.read("sweeper", WHOLE, { keeping: { by: "entries" }, dedupe: 0 });
  await clock.settle();
}

describe("hints of the memory broker", () => {
  test("come once a turn of the microtask queue, and never within the append itself", async () => {
    const { hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    await node.follow("c", follower(told));
    const appends = [node.append("c", [draft("1"), draft("2")], KEEP), node.append("c", [draft("3")], KEEP)];
    expect(told).toEqual([]);
    await Promise.all(appends);
    expect(told).toEqual([["1", "2", "3"]]);
    await node.append("c", [draft("4")], KEEP);
    await Promise.resolve();
    expect(told).toEqual([["1", "2", "3"], ["4"]]);
  });

  test("leave out what was appended before the follow, in the same turn too", async () => {
    const { hub } = setup();
    const node = hub.broker();
    const [first, second]: [unknown[], unknown[]] = [[], []];
    await node.follow("c", follower(first));
    const before = node.append("c", [draft("before")], KEEP);
    const following = node.follow("c", follower(second));
    const after = node.append("c", [draft("after")], KEEP);
    await Promise.all([before, following, after]);
    await Promise.resolve();
    expect(first).toEqual([["before"], ["after"]]);
    expect(second).toEqual([["after"]]);
  });

  test("do not come after stop, when they were already under way", async () => {
    const { hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    const stop = await node.follow("c", follower(told));
    const append = node.append("c", [draft()], KEEP);
    stop();
    await append;
    await Promise.resolve();
    expect(told).toEqual([]);
  });

  test("do not come to a follower that another one stops while they are told", async () => {
    const { hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    const stops: (() => void)[] = [];
    await node.follow("c", { ...follower([]), onEntries: () => stops.forEach((stop) => stop()) });
    stops.push(await node.follow("c", follower(told)));
    await node.append("c", [draft()], KEEP);
    expect(told).toEqual([]);
  });

  test("come to one follower although another one throws, and the error is reported", async () => {
    const errors: unknown[] = [];
    const { hub } = setup({ onError: (error) => void errors.push(error) });
    const node = hub.broker();
    const told: unknown[] = [];
    const mistake = new Error("a follower's mistake");
    await node.follow("c", {
      ...follower([]),
      onEntries: () => {
        throw mistake;
      },
    });
    await node.follow("c", follower(told));
    await node.append("c", [draft("1")], KEEP);
    expect(told).toEqual([["1"]]);
    expect(errors).toEqual([mistake]);
  });
});

describe("the presence of the memory broker", () => {
  test("announces the joins and leaves of a turn as one change", async () => {
    const { clock, hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    await node.follow("c", follower(told));
    const { version } = await node.members("c");
    for (const id of ["ann", "bob", "cid", "dan"]) await node.join("c", { id }, "1");
    await node.leave("c", "bob", "1", 0);
    expect(told).toEqual([]);
    await clock.settle();
    const joined = [{ id: "ann" }, { id: "cid" }, { id: "dan" }];
    expect(told).toEqual([{ version: version + 1, joined, left: [] }]);
    await node.leave("c", "ann", "1", 0);
    await node.join("c", { id: "ann" }, "2");
    await node.leave("c", "dan", "1", 0);
    await clock.settle();
    expect(told.slice(1)).toEqual([{ version: version + 2, joined: [], left: [{ id: "dan" }] }]);
  });

  test("begins a new version after the members were listed, in the same turn too", async () => {
    const { clock, hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    await node.follow("c", follower(told));
    await node.join("c", { id: "ann" }, "1");
    const list = await node.members("c");
    await node.join("c", { id: "bob" }, "1");
    await clock.settle();
    expect(list.members).toEqual([{ id: "ann" }]);
    expect(told).toEqual([
      { version: list.version, joined: [{ id: "ann" }], left: [] },
      { version: list.version + 1, joined: [{ id: "bob" }], left: [] },
    ]);
  });

  test("ends on time although the clock on the wall jumps", async () => {
    const { clock, hub } = setup();
    const node = hub.broker();
    await node.join("c", { id: "ann" }, "1");
    await node.leave("c", "ann", "1", 1000);
    clock.jump(DAY);
    await clock.advance(999);
    expect((await node.members("c")).members).toHaveLength(1);
    clock.jump(-2 * DAY);
    await clock.advance(1);
    expect((await node.members("c")).members).toEqual([]);
  });

  test("has higher versions when it was dropped and comes again, even if the clock was set back", async () => {
    const scene = setup();
    const { clock, hub } = scene;
    const node = hub.broker();
    await node.join("c", { id: "ann" }, "1");
    await node.leave("c", "ann", "1", 0);
    await node.join("c", { id: "ann" }, "1");
    const { version } = await node.members("c");
    await node.leave("c", "ann", "1", 0);
    await clock.settle();
    clock.jump(-DAY);
    await sweepAll(scene);
    expect(hub.channels).toBe(0);
    expect((await node.members("c")).version).toBeGreaterThan(version);
    await node.join("c", { id: "bob" }, "1");
    expect((await node.members("c")).version).toBeGreaterThan(version);
  });
});

describe("a hub that fails over", () => {
  test("L6: goes on from the snapshot in a new epoch, and resets its followers", async () => {
    const { clock, hub } = setup();
    const node = hub.broker();
    const told: unknown[] = [];
    await node.append("c", [draft("kept")], KEEP);
    const snapshot = hub.snapshot();
    const lost = draft("lost");
    await node.append("c", [lost], KEEP);
    await node.append("new", [draft("all lost")], KEEP);
    const before = await node.read("c", WHOLE, KEEP);
    const gone = await node.read("new", WHOLE, KEEP);
    await node.follow("c", follower(told));
    hub.restore(snapshot);
    const replica = await node.read("c", WHOLE, KEEP);
    expect(replica.entries).toEqual(before.entries.slice(0, 1));
    expect(replica.epochs).toEqual(before.epochs);
    expect(told).toEqual(["reset"]);
    await clock.advance(1);
    expect(await node.append("c", [lost], KEEP)).toMatchObject([{ duplicate: false }]);
    const after = await node.read("c", WHOLE, KEEP);
    expect(after.epochs).toHaveLength(2);
    expect(after.epochs[1]?.base).toBe(replica.head);
    const fresh = await node.read("new", WHOLE, KEEP);
    expect([fresh.head, fresh.epochs.length]).toEqual([0, 1]);
    expect(fresh.epochs[0]?.epoch).not.toBe(gone.epochs[0]?.epoch);
  });

  test("may fail over to one snapshot twice, and to nothing at all", async () => {
    const { hub } = setup();
    const node = hub.broker();
    await node.append("c", [draft("kept")], KEEP);
    await node.lease("old", 1000);
    const snapshot = hub.snapshot();
    await node.lease("new", 1000);
    for (let i = 0; i < 2; i++) {
      hub.restore(snapshot);
      expect((await node.read("c", WHOLE, KEEP)).entries).toHaveLength(1);
      expect(await node.lease("old", 1000)).toBeUndefined();
      expect(await node.lease("new", 1000)).toBeDefined();
      await node.append("c", [draft("lost")], KEEP);
    }
    hub.restore();
    expect((await node.read("c", WHOLE, KEEP)).head).toBe(0);
    expect(await node.lease("old", 1000)).toBeDefined();
  });
});

describe("idle channels", () => {
  test("of one use each do not pile up", async () => {
    const { clock, hub } = setup();
    const node = hub.broker();
    let most = 0;
    for (let i = 0; i < 20_000; i++) {
      await node.append(`one-off/${i}`, [draft()], { keeping: { by: "entries" }, dedupe: 1000 });
      if (i % 100 === 99) await clock.advance(100);
      most = Math.max(most, hub.channels);
    }
    expect(most).toBeLessThan(5000);
  });

  test("L12: are remembered as long as was promised, and then are another log with later offsets", async () => {
    const scene = setup({ idle: 5000 });
    const { clock, hub } = scene;
    const node = hub.broker();
    await node.append("kept", [draft()], { keeping: { by: "entries", retain: { count: 10 } }, dedupe: 1000 });
    await node.append("aged", [draft()], {
      keeping: { by: "entries", retain: { age: 20_000 } },
      dedupe: 1000,
    });
    await node.append("live", [draft()], { keeping: { by: "entries" }, dedupe: 1000 });
    await node.append("followed", [draft()], { keeping: { by: "entries" }, dedupe: 1000 });
    await node.follow("followed", follower([]));
    await node.join("visited", { id: "ann" }, "1");
    const before = await node.read("kept", WHOLE, KEEP);
    await clock.advance(1000);
    await sweepAll(scene);
    expect(hub.channels).toBe(5);
    await node.read("kept", WHOLE, { keeping: { by: "entries", retain: { count: 10 } }, dedupe: 1000 });
    await clock.advance(5000);
    await sweepAll(scene);
    expect(hub.channels, "all but live").toBe(4);
    await clock.advance(1);
    await sweepAll(scene);
    expect(hub.channels, "all but live and kept").toBe(3);
    await clock.advance(20_000);
    await sweepAll(scene);
    expect(hub.channels, "followed and visited").toBe(2);
    const after = await node.read("kept", WHOLE, KEEP);
    expect(after.head).toBe(0);
    expect(after.epochs).not.toEqual(before.epochs);
    await node.append("kept", [draft()], KEEP);
    expect((await node.read("kept", WHOLE, KEEP)).head).toBeGreaterThan(before.head);
  });
});

describe("the epoch of a log that is not there", () => {
  const NONE: LogOptions = { keeping: { by: "entries" }, dedupe: 1000 };
  const epochOf = async (node: Broker, channel: string): Promise<string> =>
    (await node.read(channel, WHOLE, NONE)).epochs.at(-1)?.epoch ?? "";

  test("B83: takes no room, however many are asked about, and goes with those who follow", async () => {
    const { hub } = setup();
    const node = hub.broker();
    const stops = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        await node.read(`asked/${i}`, WHOLE, KEEP);
        return node.follow(`followed/${i}`, follower([]));
      }),
    );
    expect(hub.channels).toBe(1000);
    await Promise.all(stops.map((_, i) => node.members(`followed/${i}`)));
    for (const stop of stops) stop();
    expect(hub.channels).toBe(0);
  });

  test("L18: is another one when a log of that name was forgotten, and when the broker lost its data", async () => {
    const scene = setup();
    const { clock, hub } = scene;
    const node = hub.broker();
    const first = await epochOf(node, "c");
    await node.append("c", [draft()], NONE);
    expect(await epochOf(node, "c")).toBe(first);
    await clock.advance(1001);
    await sweepAll(scene);
    expect(hub.channels).toBe(0);
    const second = await epochOf(node, "c");
    expect(second).not.toBe(first);
    await node.append("c", [draft()], NONE);
    expect(await epochOf(node, "c")).toBe(second);
    hub.restore();
    const third = await epochOf(node, "c");
    expect([first, second]).not.toContain(third);
    expect(await epochOf(node, "never"), "another channel").not.toBe(third);
  });
});

test("a broker made without options works by the real clock", async () => {
  const broker = memoryBroker();
  const before = Date.now();
  const [outcome] = await broker.append("c", [draft("1")], KEEP);
  const { entries, epochs } = await broker.read("c", WHOLE, KEEP);
  expect(outcome).toEqual({ offset: entries[0]?.offset, duplicate: false });
  expect(timeOf(entries[0]?.offset ?? 0)).toBeGreaterThanOrEqual(before);
  expect(epochs[0]?.epoch).toMatch(/^[A-Za-z0-9_-]{8}$/);
  await broker.close();
});

test("leases that ran out do not pile up", () => {
  const clock = new VirtualClock();
  const leases = new LeaseTable(clock, seededRandom(1));
  leases.take(1, "long", 1000);
  for (let i = 0; i < 10_000; i++) leases.take(1, `short-${i}`, -1);
  expect(leases.size).toBeLessThan(200);
  expect(leases.take(2, "long", 1000)).toBeUndefined();
});
