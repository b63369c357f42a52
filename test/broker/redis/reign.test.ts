/** Reigns in Redis: what their script decides, how long they live, what is lost with their logs, and steps that come late. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Broker, Draft } from "../../../src/broker/index.js";
import { appendOne } from "../../../src/testing/broker-contract/kit.js";
import {
  FENCED,
  FENCED_SLOTS,
  assertHeldBy,
  isFenced,
  isOut,
  take,
  under,
} from "../../../src/testing/broker-contract/reign-kit.js";
import { change, readSlots, set } from "../../../src/testing/broker-contract/slots-kit.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { elapse, until } from "../../../bench/lib/wait.js";
import { followRules, reignSteps } from "../support/reign-model.js";
import { hasRedis } from "./support/has-redis.js";
import { Proxy } from "./support/proxy.js";
import { KEEP, Nodes, draft, drafts } from "./support/scene.js";

const DAY = 86_400_000;
const LONG = { ttl: DAY / 24 };

describe.skipIf(!hasRedis)("a reign in Redis", () => {
  let server: RedisServer;
  const nodes = new Nodes();
  let stores = 0;
  let prefix = "";

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => nodes.close());
  afterAll(() => server.remove());

  const connect = (options = {}): Promise<Broker> =>
    nodes.connect({ url: server.url, prefix: (prefix = `reign-${++stores}`), timeout: 10_000, ...options });

  const key = (channel: string, name: string): string => `${prefix}:{c:${channel}}:${name}`;

  test("is what the rules say, whatever is done about it", async () => {
    const node = await connect();
    let channels = 0;
    const store = { broker: () => node, elapse, again: async () => false };
    await fc.assert(
      fc.asyncProperty(reignSteps, (steps) => followRules(store, `model/${++channels}`, steps)),
      { numRuns: 40 },
    );
  }, 60_000);

  test("lives with its log, which without entries stays for a day after each use", async () => {
    const node = await connect();
    for (const options of [FENCED, FENCED_SLOTS]) {
      const channel = options === FENCED ? "entries" : "slots";
      const reign = await take(node, channel, "ann", { ...LONG, options });
      expect(await server.admin.keys(key(channel, "*"))).toEqual([key(channel, "meta")]);
      const life = async (): Promise<number> => server.admin.pttl(key(channel, "meta"));
      expect(await life()).toBeGreaterThan(DAY - 60_000);
      await server.admin.pexpire(key(channel, "meta"), 60_000);
      // As if the last use had been long ago: the state's sixth number is when its life was set.
      const state = await server.admin.hgetBuffer(key(channel, "meta"), "s");
      state?.fill(0, 35, 42);
      await server.admin.hset(key(channel, "meta"), "s", state ?? "");
      expect(await reign.renew()).toBe(true);
      expect(await life()).toBeGreaterThan(DAY - 60_000);
    }
  });

  test("stays for ever with a log that does", async () => {
    const node = await connect();
    const reign = await take(node, "c", "ann", LONG);
    expect(await isOut(node, "c", reign)).toBe(false);
    expect(await server.admin.pttl(key("c", "meta"))).toBe(-1);
    await reign.renew();
    expect(await server.admin.pttl(key("c", "meta"))).toBe(-1);
  });

  test("is over when a part of its log is gone, and when the application has made another kind of it", async () => {
    const node = await connect();
    const lost = await take(node, "lost", "ann", LONG);
    expect(await isOut(node, "lost", lost)).toBe(false);
    await server.admin.del(key("lost", "slots"));
    expect(await isOut(node, "lost", lost)).toBe(true);
    expect(await lost.renew()).toBe(false);
    const next = await take(node, "lost", "ben", LONG);
    expect([await isOut(node, "lost", lost), await isOut(node, "lost", next)]).toEqual([true, false]);

    await node.append("lost", drafts(1), KEEP);
    expect(await next.renew()).toBe(false);
    const entries = await take(node, "lost", "ann", { ...LONG, options: FENCED });
    const entry = (reign: string): Draft => ({ ...draft("1"), reign });
    expect(isFenced(await appendOne(node, "lost", entry(entries.token), FENCED))).toBe(false);
    expect(isFenced(await appendOne(node, "lost", entry(next.token), FENCED))).toBe(true);
    await set(node, "lost", { x: "1" });
    expect(await entries.renew()).toBe(false);
    expect(await server.admin.hmget(key("lost", "meta"), "t", "r")).toEqual([null, null]);

    // All that is left of this one is a part that tells nothing of the others.
    const torn = await take(node, "torn", "ann", LONG);
    expect(await isOut(node, "torn", torn)).toBe(false);
    await server.admin.del(key("torn", "meta"));
    await take(node, "torn", "ben", LONG);
    expect(await isOut(node, "torn", torn)).toBe(true);
    expect((await readSlots(node, "torn")).entries).toEqual([]);
  });

  test("with a note and a secret of any bytes comes back as it was", async () => {
    const node = await connect();
    const request = { ttl: LONG.ttl, secret: "\u0000é".repeat(300), note: '{"node":"é\u0000"}' };
    const reign = await node.reign("c", request, FENCED_SLOTS);
    expect(await node.reign("c", { ...request, secret: "é" }, FENCED_SLOTS)).toMatchObject({
      heldBy: request.note,
    });
    expect(await node.reign("c", request, FENCED_SLOTS)).toMatchObject({
      token: "token" in reign ? reign.token : "",
    });
    const empty = { ttl: LONG.ttl, secret: "", note: "" };
    await node.reign("empty", empty, FENCED_SLOTS);
    expect(await node.reign("empty", request, FENCED_SLOTS)).toMatchObject({ heldBy: "" });
  });

  test("of many logs is taken, and written under, in one call", async () => {
    // Nothing else is to call scripts meanwhile.
    const node = await connect({ lease: 60_000 });
    const channels = Array.from({ length: 30 }, (_, i) => `room/${i}`);
    const calls = async (): Promise<number> => {
      const stats = await server.admin.info("commandstats");
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    // Of the script that is not there yet.
    await isOut(node, "first", await take(node, "first", "ann"));
    const before = await calls();
    const reigns = await Promise.all(channels.map((channel) => take(node, channel, channel)));
    expect((await calls()) - before).toBe(1);
    const outcomes = await Promise.all(
      channels.map((channel, i) =>
        change(node, channel, under(reigns[i] ?? { token: "" }, { x: "1" }), FENCED_SLOTS),
      ),
    );
    expect(outcomes.map(isFenced)).not.toContain(true);
    expect((await calls()) - before).toBe(2);
  });

  test("B115: is neither taken nor renewed by a step that comes when its node has answered that Redis is not there", async () => {
    const proxy = await Proxy.start(server.port);
    try {
      const node = await connect({ url: proxy.url, timeout: 1500, lease: 60_000 });
      const other = await nodes.connect({ url: server.url, prefix, timeout: 10_000 });
      const reign = await take(node, "held", "ann", { ttl: 2000 });
      proxy.hold();
      const late = [take(node, "c", "ann", LONG), reign.renew()];
      const outcomes = await Promise.allSettled(late);
      expect(outcomes).toMatchObject([0, 1].map(() => ({ reason: { code: "unavailable" } })));
      await elapse(1000);
      proxy.release();
      // What comes over the same connection comes after it.
      await readSlots(node, "c");
      const next = await take(other, "c", "ben", LONG);
      await take(other, "held", "ben", LONG);
      expect(await isOut(other, "c", next)).toBe(false);
      await assertHeldBy(node, "c", "ben", LONG);
      await nodes.close();
    } finally {
      await proxy.close();
    }
  }, 30_000);

  test("is not held for long by a clock that was set back", async () => {
    const node = await connect();
    await take(node, "c", "ann", { ttl: 1000 });
    const meta = key("c", "meta");
    const packed = await server.admin.hgetBuffer(meta, "r");
    // Its end is the first number.
    packed?.writeUIntBE(Date.now() + 3000, 1, 6);
    await server.admin.hset(meta, "r", packed ?? "");
    await take(node, "c", "ben", { ttl: 1000 });
    const next = { ttl: 1000, secret: "next", note: "" };
    await until("its end", async () => "token" in (await node.reign("c", next, FENCED_SLOTS)));
  });
});
