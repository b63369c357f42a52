/** What a Redis must be like, and what happens at its limits. */
import { readFileSync } from "node:fs";
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import type { Draft, LogOptions } from "../../../src/broker/index.js";
import { redisBroker } from "../../../src/broker/redis/index.js";
import { slotOf } from "../../../src/broker/redis/slot.js";
import { Keys } from "../../../src/broker/redis/keys.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, draft, drafts, readAll } from "./support/scene.js";
import { elapse, until } from "../../../bench/lib/wait.js";

describe("names in Redis", () => {
  const keys = new Keys("app");

  test("give all keys of a channel one slot, whatever it is called", () => {
    for (const channel of ["chat/1", "}", "{", "{}", "}{", "a}b{c", "é", ""]) {
      const slots = [...keys.log(channel), ...keys.presence(channel, "i")].map(slotOf);
      expect(new Set(slots).size).toBe(1);
    }
  });

  test("spread channels evenly over the slots", () => {
    const shards = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const shard = Math.floor((slotOf(keys.topic(`chat/${i}`)) * 3) / 16_384);
      shards[shard] = (shards[shard] ?? 0) + 1;
    }
    for (const count of shards) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  test("have the slots that Redis computes", () => {
    expect(slotOf("123456789")).toBe(12_739);
    expect(slotOf("foo{hash_tag}bar")).toBe(slotOf("hash_tag"));
    expect(slotOf("foo{}{bar}")).toBe(slotOf(`foo{}{bar}`));
    expect(slotOf("foo{{bar}}zap")).toBe(slotOf("{bar"));
  });

  test("must not have braces in their prefix", async () => {
    expect(() => new Keys("a{b}")).toThrow(TypeError);
    await expect(redisBroker({ url: "redis://localhost", cluster: { nodes: [] } })).rejects.toThrow(
      TypeError,
    );
  });
});

describe("the scripts", () => {
  test("name their keys and arguments", () => {
    for (const name of [
      "append",
      "change",
      "reign",
      "read",
      "read-slots",
      "present",
      "sweep",
      "members",
      "node-renew",
      "lease-take",
    ]) {
      const text = readFileSync(
        new URL(`../../../src/broker/redis/lua/${name}.lua`, import.meta.url),
        "utf8",
      );
      expect(text).toMatch(/^-- .*/);
      expect(text).toContain("ARGV");
    }
  });
});

describe.skipIf(!hasRedis)("a Redis", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  let stores = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await server.admin.config("SET", "maxmemory", 0);
    await server.admin.config("SET", "maxmemory-policy", "noeviction");
    await nodes.close();
  });
  afterAll(() => server.remove());

  const connect = (options = {}) =>
    nodes.connect({ url: server.url, prefix: `store-${++stores}`, ...options });

  test("that may evict keys is refused, or warned of where that is wanted", async () => {
    await server.admin.config("SET", "maxmemory-policy", "allkeys-lru");
    await expect(connect()).rejects.toMatchObject({ name: "RedisSetupError", code: "eviction" });
    const warnings: string[] = [];
    await connect({ eviction: "warn", onWarning: (message: string) => void warnings.push(message) });
    expect(warnings).toEqual([expect.stringContaining("allkeys-lru")]);
  });

  test("that does not let its settings be read promises no more than memory", async () => {
    const own = await RedisServer.start({ appendonly: "yes", appendfsync: "always" });
    try {
      await own.admin.acl("SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-config");
      const node = await nodes.connect({ url: own.url.replace("//", "//app:secret@") });
      expect(node.durability).toBe("memory");
      await node.append("c", drafts(1), KEEP);
      await nodes.close();
    } finally {
      await own.remove();
    }
  });

  test("that is out of memory takes nothing of a batch, and all of it later", async () => {
    const node = await connect();
    await node.append("c", drafts(3), KEEP);
    const before = await readAll(node, "c");
    await server.admin.config("SET", "maxmemory", 1);
    const batch = [draft('"a"', 1), draft('"b"', "text")];
    await expect(node.append("c", batch, KEEP)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("out of memory") as string,
    });
    expect(await readAll(node, "c")).toEqual(before);
    await server.admin.config("SET", "maxmemory", 0);
    expect(await node.append("c", batch, KEEP)).toMatchObject([{ duplicate: false }, { duplicate: false }]);
  });

  test("B9: takes what a turn appends to many logs in few calls, and each log gets its own outcomes", async () => {
    const node = await connect();
    await server.admin.config("RESETSTAT");
    const channels = Array.from({ length: 150 }, (_, i) => `many/${i}`);
    const outcomes = await Promise.all(
      channels.map((channel, i) => node.append(channel, drafts((i % 3) + 1, `${i}-`), KEEP)),
    );
    expect(outcomes.map((one) => one.length)).toEqual(channels.map((_, i) => (i % 3) + 1));
    const stats = await server.admin.info("commandstats");
    expect(Number(/cmdstat_(?:evalsha|eval):calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(20);
    for (const [i, channel] of channels.entries()) {
      const { entries } = await readAll(node, channel);
      const offsets = outcomes[i]?.map((one) => "offset" in one && one.offset);
      expect(entries.map(({ offset }) => offset)).toEqual(offsets);
      expect(entries.map(({ data }) => data)).toEqual(offsets?.map((_, at) => `"${i}-${at}"`));
    }
  });

  test("B9: a log that is broken costs those appended to in the same turn nothing", async () => {
    const node = await connect();
    const keys = new Keys(`store-${stores}`).log("broken");
    await server.admin.set(keys[0] ?? "", "not a hash");
    const turn = ["before", "broken", "after"].map((channel) => node.append(channel, drafts(1), KEEP));
    const [before, broken, after] = await Promise.allSettled(turn);
    expect(broken).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
    for (const one of [before, after])
      expect(one).toMatchObject({ status: "fulfilled", value: [{ duplicate: false }] });
  });

  test("B9: appends of one turn with other options do not mind each other", async () => {
    const node = await connect();
    const newest: LogOptions = { ...KEEP, keeping: { by: "entries", retain: { count: 1 } } };
    await Promise.all([
      node.append("newest", drafts(3), newest),
      node.append("all", drafts(3), KEEP),
      node.append("none", drafts(3), { ...KEEP, keeping: { by: "entries" } }),
    ]);
    const pages = await Promise.all(["newest", "all", "none"].map((channel) => readAll(node, channel)));
    expect(pages.map(({ entries }) => entries.length)).toEqual([1, 3, 0]);
  });

  test("refuses a batch whose text keys are too many before it has written any of it", async () => {
    const node = await connect({ maxKeys: 10 });
    const options = { ...KEEP, dedupe: 2000 };
    await node.append("c", drafts(8), options);
    const before = await readAll(node, "c");
    const batch = drafts(3);
    await expect(node.append("c", batch, options)).rejects.toMatchObject({ code: "unavailable" });
    expect(await readAll(node, "c")).toEqual(before);
    expect(await node.append("c", [draft("1", 1), draft("2", 2)], options)).toHaveLength(2);
    await until("the window to pass", () =>
      node.append("c", batch, options).then(
        () => true,
        () => false,
      ),
    );
  });

  test("writes a million offsets as the numbers they are", async () => {
    const text = readFileSync(new URL("../../../src/broker/redis/lua/log-keys.lua", import.meta.url), "utf8");
    const loop = `
      local wrong = 0
      for i = 1, 1000000 do
        local offset = 889192448004096 + i * 8000000003
        if not string.match(text(offset), '^%d+$') or tonumber(text(offset)) ~= offset then wrong = wrong + 1 end
      end
      return { wrong, text(889192448004096 + 1000000 * 8000000003), text(9007199254740991) }`;
    expect(await server.admin.eval(`${text}\n${loop}`, 2, "a", "b")).toEqual([
      0,
      "8889192451004096",
      "9007199254740991",
    ]);
  });

  test("takes a hundred thousand entries in large batches, each with an offset of its own", async () => {
    const node = await connect({ timeout: 10_000 });
    const options = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 60_000 };
    let last = 0;
    let sequence = 0;
    for (let batch = 0; batch < 20; batch++) {
      const all: Draft[] = Array.from({ length: 5000 }, () => draft("1", ++sequence));
      for (const outcome of await node.append("c", all, options)) {
        if (!("offset" in outcome) || outcome.duplicate || outcome.offset <= last)
          throw new Error(JSON.stringify(outcome));
        last = outcome.offset;
      }
    }
    const page = await node.read("c", { after: 0, limit: 2000, bytes: 1e9 }, options);
    expect(page.entries.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 1000 }, (_, i) => last - 999 + i),
    );
    expect([page.head, page.oldestPrev]).toEqual([last, last - 1000]);
    // Text keys go into Redis by some thousand at once.
    const texts = drafts(5000);
    const first = await node.append("c", texts, options);
    expect(
      (await node.append("c", texts, options)).map((outcome) => ({ ...outcome, duplicate: false })),
    ).toEqual(first);
  });

  test("knows keys again that have outlived a change of generations", async () => {
    const node = await connect();
    const options = { ...KEEP, dedupe: 3000 };
    const numbered = (from: number, to: number): Draft[] =>
      Array.from({ length: to - from + 1 }, (_, i) => draft("1", from + i));
    await node.append("c", numbered(1, 70), options);
    await elapse(2100);
    const young = [...numbered(71, 100), draft("1", "text")];
    const first = await node.append("c", young, options);
    await elapse(1500);
    await node.append("c", numbered(101, 101), options);
    const again = await node.append("c", young, options);
    expect(again).toEqual(first.map((outcome) => ({ ...outcome, duplicate: true })));
    expect(await node.append("c", numbered(70, 70), options)).toEqual([{ error: "outcome_unknown" }]);
    expect(await node.append("c", numbered(102, 102), options)).toMatchObject([{ duplicate: false }]);
  });

  test("whose scripts were flushed is given them again", async () => {
    const node = await connect();
    await node.append("c", drafts(1), KEEP);
    await server.admin.script("FLUSH");
    await Promise.all(drafts(20).map((one) => node.append("c", [one], KEEP)));
    expect((await readAll(node, "c")).entries).toHaveLength(21);
  });

  test("keeps logs without age for ever, and others a day or as long as is promised", async () => {
    const node = await connect();
    const ttl = async (channel: string): Promise<number[]> => {
      const names = await server.admin.keys(`store-${stores}:{c:${channel}}:*`);
      return Promise.all(names.map((name) => server.admin.pttl(name)));
    };
    const day = 86_400_000;
    await node.append("count", drafts(1), KEEP);
    await node.append("age", drafts(1), {
      keeping: { by: "entries", retain: { age: 2 * day } },
      dedupe: 1000,
    });
    await node.append("none", drafts(1), { keeping: { by: "entries" }, dedupe: 1000 });
    for (const left of await ttl("count")) expect(left).toBe(-1);
    for (const left of await ttl("age")) expect(left).toBeGreaterThan(2 * day - 60_000);
    for (const left of await ttl("none")) expect(left).toBeGreaterThan(day - 60_000);
    // Reads renew it too, when a part of it is over; and what is promised may change.
    await node.read(
      "age",
      { after: 0, limit: 1, bytes: 1 },
      { keeping: { by: "entries", retain: { age: 4 * day } }, dedupe: 1000 },
    );
    for (const left of await ttl("age")) expect(left).toBeGreaterThan(4 * day - 60_000);
    await node.append("count", drafts(1), { keeping: { by: "entries", retain: { age: day } }, dedupe: 1000 });
    for (const left of await ttl("count")) expect(left).toBeGreaterThan(day - 60_000);
    await node.append("age", drafts(1), KEEP);
    for (const left of await ttl("age")) expect(left).toBe(-1);
  });

  test("that has lost a part of a log has lost the log: it begins anew", async () => {
    const node = await connect();
    await node.append("c", [draft("1", 1), draft("2", "text")], KEEP);
    const before = await readAll(node, "c");
    await server.admin.del(`store-${stores}:{c:c}:log`);
    const after = await readAll(node, "c");
    expect(after.epochs).toHaveLength(1);
    expect(after.epochs[0]?.epoch).not.toBe(before.epochs[0]?.epoch);
    expect(await node.append("c", [draft("1", 1)], KEEP)).toMatchObject([{ duplicate: false }]);
  });
});
