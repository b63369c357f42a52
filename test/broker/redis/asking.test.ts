/** What asking about a log leaves behind, what a log without entries does, and what both are called. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LogOptions } from "../../../src/broker/index.js";
import { Keys } from "../../../src/broker/redis/keys.js";
import { readOn } from "../../../src/server/kinds/stream/read-on.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { until } from "../../../bench/lib/wait.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, draft, drafts, notes, readAll } from "./support/scene.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LUA = new URL("../../../src/broker/redis/lua/log-keys.lua", import.meta.url);

describe.skipIf(!hasRedis)("a Redis that is asked", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  let stores = 0;
  let prefix = "";

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => nodes.close());
  afterAll(() => server.remove());

  const connect = () =>
    nodes.connect({ url: server.url, prefix: (prefix = `store-${++stores}`), timeout: 10_000 });

  /** What is left of the lives of a channel's keys, in milliseconds; -1 is for ever. */
  async function lives(channel: string): Promise<number[]> {
    const names = await server.admin.keys(`${prefix}:{c:${channel}}:*`);
    return Promise.all(names.map((name) => server.admin.pttl(name)));
  }

  async function expectADay(channel: string): Promise<void> {
    const left = await lives(channel);
    expect(left.length).toBeGreaterThan(0);
    for (const ms of left) {
      expect(ms).toBeGreaterThan(DAY - 60_000);
      expect(ms).toBeLessThanOrEqual((DAY * 17) / 16);
    }
  }

  test("B83: about three hundred channels that never were, in every way, has not one key more", async () => {
    const node = await connect();
    const before = await server.admin.dbsize();
    const names = Array.from({ length: 300 }, (_, i) => `made-up/${i}`);
    await Promise.all(
      names.map(async (name) => {
        const stop = await node.follow(name, notes());
        await Promise.all([readAll(node, name), node.members(name)]);
        stop();
      }),
    );
    expect(await server.admin.dbsize()).toBe(before);
  });

  test("L12: keeps what holds nothing for a day, though its entries would stay for ever", async () => {
    const node = await connect();
    const small: LogOptions = { keeping: { by: "entries", retain: { bytes: 100 } }, dedupe: 1000 };
    await node.append("large", [draft("1".repeat(101))], small);
    await node.read("large", { after: 0, limit: 1, bytes: 1 }, small);
    await expectADay("large");
    // All keys have one life, also those that come later.
    await node.append("large", [draft("1".repeat(101), 1)], small);
    await expectADay("large");
    await node.append("large", drafts(1), small);
    expect(new Set(await lives("large"))).toEqual(new Set([-1]));
  });

  test("L12: keeps a log with entries for a day at least, however short its idle time is", async () => {
    const node = await nodes.connect({ url: server.url, prefix: (prefix = `store-${++stores}`), idle: 1000 });
    await node.append("idle", drafts(1), KEEP);
    await expectADay("idle");
  });

  test("L17: knows a log by the name of the last half day as well, from before it had an entry", async () => {
    const node = await connect();
    const { epochs } = await readAll(node, "c");
    expect(epochs).toMatchObject([{ base: 0 }]);
    await node.append("c", drafts(2), KEEP);
    const page = await readAll(node, "c");
    for (const epoch of [epochs[0]?.epoch, epochs[0]?.earlier]) {
      const { steps, cursor } = readOn({ epoch: epoch ?? "", offset: 0 }, page);
      expect(steps.map((step) => ("entry" in step ? step.entry.offset : step.gap))).toEqual(
        page.entries.map(({ offset }) => offset),
      );
      expect(cursor).toEqual({ epoch: page.epochs[0]?.epoch, offset: page.head });
    }
  });

  test("L18: names a log that is not there anew twice a day, and has forgotten a name when a log could have gone", async () => {
    const names = async (ms: number): Promise<string[]> => {
      const script = `${readFileSync(LUA, "utf8")}\nchoose_log(0)\nreturn first_epoch(tonumber(ARGV[1]))`;
      const keys = new Keys("names").log("c");
      const told = String(await server.admin.eval(script, keys.length, ...keys, ms));
      return told.replace(":0", "").split("=");
    };
    const noon = Date.UTC(2026, 10, 30, 12);
    const [earlier = "", name = ""] = await names(noon);
    expect(name).toMatch(/^[A-Za-z0-9_-]{12}$/);
    expect(await names(noon + 12 * HOUR - 1)).toEqual([earlier, name]);
    expect(await names(noon + 12 * HOUR)).toContain(name);
    expect(await names(noon + 24 * HOUR - 1)).toContain(name);
    for (const hours of [24, 36, 48, 24 * 365, -24]) {
      const later = await names(noon + hours * HOUR);
      expect(later).not.toContain(name);
      expect(later).not.toContain(earlier);
    }
  });

  test("L18: about a log of which a part was lost does not tell of it by the names from before", async () => {
    const node = await connect();
    const { epochs } = await readAll(node, "c");
    await node.append("c", drafts(1), KEEP);
    const [meta = ""] = new Keys(prefix).log("c");
    await server.admin.del(meta);
    const lost = await readAll(node, "c");
    await node.append("c", drafts(1), KEEP);
    const after = await readAll(node, "c");
    expect(after.epochs).toEqual(lost.epochs);
    const { steps } = readOn({ epoch: epochs[0]?.epoch ?? "", offset: 0 }, after);
    expect(steps).toMatchObject([{ gap: { reason: "epoch", until: after.head } }]);
  });
});

describe.skipIf(!hasRedis)("a Redis that lost everything", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await nodes.close();
    await server.remove();
  });

  test("G5, L18: tells it also to those who waited before the first entry, where the offsets fit", async () => {
    const node = await nodes.connect({ url: server.url, timeout: 5000 });
    const follower = notes();
    await node.follow("c", follower);
    const waiting = (await readAll(node, "c")).epochs[0]?.epoch ?? "";
    await node.append("c", drafts(1), KEEP);
    await server.stop();
    await server.start();
    await until("the reset", () => follower.resets > 0);
    const empty = await readAll(node, "c");
    expect(readOn({ epoch: waiting, offset: 0 }, empty).steps).toMatchObject([
      { gap: { reason: "epoch", after: 0, until: 0 } },
    ]);
    await node.append("c", drafts(1), KEEP);
    const page = await readAll(node, "c");
    expect(page.entries[0]?.prev).toBe(0);
    expect(readOn({ epoch: waiting, offset: 0 }, page).steps).toMatchObject([{ gap: { reason: "epoch" } }]);
    const told = { epoch: empty.epochs[0]?.epoch ?? "", offset: 0 };
    expect(readOn(told, page).steps).toMatchObject([{ entry: { prev: 0 } }]);
  });
});
