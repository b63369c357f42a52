/** Logs by slots in Redis: how long they live, what is lost with a part of them, and what they do at limits. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Broker, Change, ChangesHint, SlotsOptions } from "../../../src/broker/index.js";
import { Keys } from "../../../src/broker/redis/keys.js";
import { RedisBroker } from "../../../src/broker/redis/redis-broker.js";
import { slotOf } from "../../../src/broker/redis/slot.js";
import {
  change,
  changeAll,
  changing,
  offsetOf,
  readSlots,
  set,
  slotsOptions,
  valuesOf,
} from "../../../src/testing/broker-contract/slots-kit.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { elapse, until } from "../../../bench/lib/wait.js";
import { hasRedis } from "./support/has-redis.js";
import { Proxy } from "./support/proxy.js";
import { KEEP, Nodes, drafts, notes, readAll } from "./support/scene.js";

const DAY = 86_400_000;

describe.skipIf(!hasRedis)("a log by slots in Redis", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  let stores = 0;
  let prefix = "";

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await server.admin.config("SET", "maxmemory", 0);
    await nodes.close();
  });
  afterAll(() => server.remove());

  const connect = (options = {}): Promise<Broker> =>
    nodes.connect({ url: server.url, prefix: (prefix = `slots-${++stores}`), timeout: 10_000, ...options });

  const key = (channel: string, name: string): string => `${prefix}:{c:${channel}}:${name}`;

  /** What is left of the lives of a channel's keys, in milliseconds, by their last names; -1 is for ever. */
  async function lives(channel: string): Promise<Record<string, number>> {
    const names = await server.admin.keys(key(channel, "*"));
    const left = await Promise.all(names.map(async (name) => [name, await server.admin.pttl(name)] as const));
    return Object.fromEntries(left.map(([name, ms]) => [name.slice(key(channel, "").length), ms]));
  }

  test("has all its keys in one slot of a cluster", () => {
    for (const channel of ["chat/1", "}", "{", "a}b{c", ""])
      expect(new Set(new Keys("app").slots(channel).map(slotOf)).size).toBe(1);
  });

  test("stays for ever while a slot holds something, but for its keys' memory; empty it ends after a day", async () => {
    const node = await connect();
    await set(node, "c", { a: "1", b: "1" }, undefined, 3_600_000);
    const isDay = (ms = 0): boolean => ms > DAY - 60_000 && ms <= (DAY * 17) / 16;
    const full = await lives("c");
    expect(full).toMatchObject({ meta: -1, slots: -1, order: -1, dues: -1 });
    expect(isDay(full["t0"])).toBe(true);
    await set(node, "c", { a: undefined, b: undefined });
    const empty = await lives("c");
    expect(Object.keys(empty).sort()).toEqual(["graves", "meta", "order", "slots", "t0"]);
    expect(Object.values(empty).every(isDay)).toBe(true);
    await set(node, "c", { a: "1" });
    expect(await lives("c")).toMatchObject({ meta: -1, slots: -1, order: -1, graves: -1 });
  });

  test("ends with all its keys when it was not used for as long as it is kept", async () => {
    const node = await connect();
    const options: SlotsOptions = {
      ...slotsOptions(),
      keeping: { ...slotsOptions().keeping, keepFor: 3 * DAY },
    };
    await set(node, "c", { a: "1" }, options);
    // Sets that come into being later end with the others.
    await set(node, "c", { b: "1" }, options, 1000);
    await set(node, "c", { a: undefined }, options);
    const left = await lives("c");
    expect(Object.keys(left).sort()).toEqual(["dues", "graves", "meta", "order", "slots", "t0"]);
    for (const ms of Object.values(left)) expect(ms).toBeGreaterThan(3 * DAY - 60_000);
    // What is promised may change, and a read says it as well.
    await readSlots(node, "c");
    expect((await lives("c"))["slots"]).toBe(-1);
  });

  test("that is asked about, and one that refuses everything, leave nothing behind", async () => {
    const node = await connect();
    const before = await server.admin.dbsize();
    await readSlots(node, "c");
    await readSlots(node, "c", { slots: ["a"] });
    const outcomes = await changeAll(node, "c", [
      changing({ a: "1" }, { within: -1 }),
      changing({ a: "1" }, { if: [{ slot: "a", unchangedSince: { epoch: "lost", offset: 1 } }] }),
    ]);
    expect(outcomes).toMatchObject([{ error: "outcome_unknown" }, { error: "conflict", at: { offset: 0 } }]);
    expect(await server.admin.dbsize()).toBe(before);
  });

  test("that has lost a part is lost, and begins anew; a set that became empty is no loss", async () => {
    const node = await connect();
    for (const lost of ["meta", "slots", "order", "graves", "dues"]) {
      await set(node, lost, { a: "1", b: "1", gone: "1" }, undefined, 60_000);
      await set(node, lost, { gone: undefined });
      const before = await readSlots(node, lost);
      await server.admin.del(key(lost, lost));
      const after = await readSlots(node, lost);
      expect(after, lost).toMatchObject({ entries: [], head: 0 });
      expect(after.epochs[0]?.epoch).not.toBe(before.epochs[0]?.epoch);
      await set(node, lost, { b: "2" });
      expect(valuesOf(await readSlots(node, lost))).toEqual([["b", "2"]]);
    }
    const options = slotsOptions({ graves: { count: 0 } });
    await set(node, "emptied", { a: "1" }, options, 60_000);
    const { epochs } = await readSlots(node, "emptied", undefined, options);
    const deleted = await set(node, "emptied", { a: undefined }, options);
    expect(Object.keys(await lives("emptied")).sort()).toEqual(["meta", "t0"]);
    const empty = await readSlots(node, "emptied", undefined, options);
    expect(empty).toEqual({ entries: [], head: deleted, floor: deleted, epochs });
  });

  test("takes a draft of a thousand slots and a mebibyte, and more than Lua can hand over at once", async () => {
    const node = await connect();
    const changes = (count: number, size: number): Change[] =>
      Array.from({ length: count }, (_, i) => ({
        slot: `slot ${i}`,
        data: `"${"x".repeat(size)}"`,
        ttl: 1e6,
      }));
    const large = { ...changing({}), changes: changes(1000, 1024) };
    const first = offsetOf(await change(node, "c", large));
    expect((await readSlots(node, "c")).entries).toMatchObject([
      { offset: first, changes: { length: 1000 } },
    ]);
    const many = { ...changing({}), changes: changes(5000, 1) };
    const second = offsetOf(await change(node, "c", many));
    const page = await readSlots(node, "c", { after: first, limit: 1, bytes: 1 });
    expect(page.entries).toEqual([
      { offset: second, prev: 0, changes: many.changes.map(({ slot, data }) => ({ slot, data })) },
    ]);
    const none = many.changes.map(({ slot }) => ({ slot, data: undefined }));
    await change(node, "c", { ...changing({}), changes: none }, slotsOptions({ graves: { count: 10 } }));
    // So many are dropped in one call; the next takes the others.
    await set(node, "c", { other: "1" }, slotsOptions({ graves: { count: 10 } }));
    expect((await readSlots(node, "c")).entries).toMatchObject([{ changes: { length: 10 } }, {}]);
  });

  test("B9: goes with many others of a turn in few calls, and one that is broken costs them nothing", async () => {
    const node = await connect();
    await server.admin.set(key("many/7", "meta"), "not a hash");
    await server.admin.config("RESETSTAT");
    const options = slotsOptions();
    const turn = Array.from({ length: 100 }, (_, i) =>
      changeAll(node, `many/${i}`, [changing({ a: `${i}` })], options),
    );
    const settled = await Promise.allSettled(turn);
    expect(settled.map(({ status }) => status === "rejected")).toEqual(settled.map((_, i) => i === 7));
    const stats = await server.admin.info("commandstats");
    expect(Number(/cmdstat_(?:evalsha|eval):calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(12);
    expect(valuesOf(await readSlots(node, "many/8"))).toEqual([["a", "8"]]);
  });

  test("takes nothing of a draft when Redis is out of memory, and all of it later", async () => {
    const node = await connect();
    await set(node, "c", { a: "1" });
    const before = await readSlots(node, "c");
    await server.admin.config("SET", "maxmemory", 1);
    const draft = changing({ a: "2", b: "2" });
    await expect(change(node, "c", draft)).rejects.toMatchObject({ code: "unavailable" });
    expect(await readSlots(node, "c")).toEqual(before);
    await server.admin.config("SET", "maxmemory", 0);
    expect(await change(node, "c", draft)).toMatchObject({ duplicate: false });
  });

  test("goes on where nothing was yet: in what a read has left of a log of entries that was torn", async () => {
    const node = await connect();
    await node.append("room", drafts(1), KEEP);
    await server.admin.del(key("room", "log"));
    const { epochs } = await readAll(node, "room");
    await set(node, "room", { a: "1" });
    const page = await readSlots(node, "room");
    expect([valuesOf(page), page.epochs]).toEqual([[["a", "1"]], epochs]);
  });

  test("knows a change that was none by its key, for as long as any other, whenever its slot was changed", async () => {
    const node = await connect();
    const options = { ...slotsOptions(), dedupe: 2000 };
    const offset = await set(node, "c", { x: "1" }, options);
    await elapse(2500);
    const same = { ...changing({ x: "1" }), key: { scope: "ann", id: 1, print: 1 } };
    expect(await change(node, "c", same, options)).toMatchObject({ offset, duplicate: false, same: true });
    expect(await change(node, "c", same, options)).toMatchObject({ offset, duplicate: true });
  });

  test("takes the place of a log of entries, and the other way round, each under an epoch of its own", async () => {
    const node = await connect();
    await node.append("c", drafts(2), KEEP);
    const entries = await readAll(node, "c");
    await set(node, "c", { a: "1" });
    const slots = await readSlots(node, "c");
    expect(slots.head).toBeGreaterThan(entries.head);
    expect(Object.keys(await lives("c"))).not.toContain("log");
    // Reading as another kind harms nothing.
    expect((await readAll(node, "c")).entries).toEqual([]);
    expect(await readSlots(node, "c")).toEqual(slots);
    await node.append("c", drafts(1), KEEP);
    const after = await readAll(node, "c");
    expect(after.entries).toHaveLength(1);
    expect(Object.keys(await lives("c")).sort()).toEqual(["log", "meta", "t0"]);
    const names = [entries, slots, after].map(({ epochs }) => epochs.at(-1)?.epoch);
    expect(new Set(names).size).toBe(3);
  });

  test("that has gone does not leave its keys to the next of its name", async () => {
    const node = await connect();
    const draft = { ...changing({ a: "1" }), key: { scope: "ann", id: 1, print: 1 } };
    await change(node, "c", draft);
    await change(node, "c", changing({ a: "2" }));
    for (const name of ["meta", "slots", "order"]) await server.admin.del(key("c", name));
    expect(Object.keys(await lives("c")).sort()).toEqual(["s0", "t0"]);
    expect(await change(node, "c", draft)).toMatchObject({ duplicate: false });
    expect(valuesOf(await readSlots(node, "c"))).toEqual([["a", "1"]]);
  });

  test("begins anew where a version that knows no slots has appended to it", async () => {
    const node = await connect();
    await set(node, "c", { a: "1" });
    const before = await readSlots(node, "c");
    // Such a one writes where the log stands, and nothing else of what slots have.
    const state = (await server.admin.hgetBuffer(key("c", "meta"), "s")) ?? Buffer.alloc(0);
    state[6] = (state[6] ?? 0) ^ 1;
    await server.admin.hset(key("c", "meta"), "s", state);
    const after = await readSlots(node, "c");
    expect(after).toMatchObject({ entries: [], head: 0 });
    expect(after.epochs).not.toEqual(before.epochs);
  });

  test("B79: is not changed by a draft whose own time is over, though the call's is not", async () => {
    const proxy = await Proxy.start(server.port);
    try {
      const node = await connect({ url: proxy.url, timeout: 20_000, lease: 60_000 });
      await set(node, "c", { a: "1" });
      proxy.hold();
      const all = [changing({ a: "late" }, { within: 100 }), changing({ b: "in time" }, { within: 600_000 })];
      const outcomes = changeAll(node, "c", all);
      await until("it is under way", () => proxy.held > 0);
      await elapse(150);
      proxy.release();
      expect(await outcomes).toMatchObject([{ error: "outcome_unknown" }, { duplicate: false }]);
      expect(valuesOf(await readSlots(node, "c"))).toEqual([
        ["a", "1"],
        ["b", "in time"],
      ]);
      await nodes.close();
    } finally {
      await proxy.close();
    }
  }, 40_000);

  test("is hinted beside entries of other kinds, and what only a newer version knows is passed over and counted", async () => {
    const node = await connect();
    const told: ChangesHint[] = [];
    const follower = { ...notes(), onChanges: (hint: ChangesHint) => void told.push(hint) };
    await node.follow("c", follower);
    await server.admin.spublish(`${prefix}:{c:c}`, "zsomething new");
    await set(node, "c", { a: '{"a":[]}' });
    await until("the hint", () => told.length > 0);
    expect(told[0]?.entries).toMatchObject([{ changes: [{ slot: "a", data: '{"a":[]}' }] }]);
    expect(node instanceof RedisBroker && node.unknownMessages).toBe(1);
  });
});
