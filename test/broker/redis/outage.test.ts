/** What happens to logs when Redis goes away, comes back, or comes back as another one. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readOn } from "../../../src/server/kinds/stream/read-on.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { KEEP, Nodes, appendEach, draft, drafts, notes, readAll } from "./support/scene.js";
import { Watched } from "../../../bench/lib/sentinels.js";
import { until } from "../../../bench/lib/wait.js";

const ends: (() => Promise<void>)[] = [];
let nodes: Nodes;

beforeEach(() => {
  nodes = new Nodes();
  ends.push(() => nodes.close());
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function started(settings = {}): Promise<RedisServer> {
  const server = await RedisServer.start(settings);
  ends.unshift(() => server.remove());
  return server;
}

async function proxied(server: RedisServer): Promise<Proxy> {
  const proxy = await Proxy.start(server.port);
  ends.push(() => proxy.close());
  return proxy;
}

describe.skipIf(!hasRedis)("a Redis that is started again", () => {
  test("with every write on disk has lost nothing, and a cursor reads on over the epoch's end", async () => {
    const server = await started({ appendonly: "yes", appendfsync: "always" });
    const node = await nodes.connect({ url: server.url });
    expect(node.durability).toBe("disk");
    const follower = notes();
    await node.follow("c", follower);
    await node.append("c", drafts(50), KEEP);
    const before = await readAll(node, "c");
    await server.stop("SIGKILL");
    await server.start();
    await until("the reset", () => follower.resets > 0);
    expect(await readAll(node, "c")).toEqual(before);

    await node.append("c", [draft('"after"')], KEEP);
    const after = await readAll(node, "c");
    expect(after.entries.slice(0, 50)).toEqual(before.entries);
    expect(after.epochs).toHaveLength(2);
    expect(after.epochs[1]?.base).toBe(before.head);
    const cursor = { epoch: before.epochs[0]?.epoch ?? "", offset: before.entries[48]?.offset ?? 0 };
    const page = await node.read("c", { after: cursor.offset, limit: 10, bytes: 1000 }, KEEP);
    const told = readOn(cursor, page).steps.map((step) =>
      "gap" in step ? step.gap.reason : step.entry.data,
    );
    expect(told).toEqual(['"49"', "failover", '"after"']);
  });

  test("without persistence opens a new epoch, and every cursor is told that its log is gone", async () => {
    const server = await started();
    const node = await nodes.connect({ url: server.url });
    expect(node.durability).toBe("memory");
    const follower = notes();
    await node.follow("c", follower);
    await node.append("c", drafts(10), KEEP);
    const before = await readAll(node, "c");
    await server.stop();
    await server.start();
    await until("the reset", () => follower.resets > 0);
    const after = await readAll(node, "c");
    expect(after.entries).toEqual([]);
    expect(after.epochs.map(({ epoch }) => epoch)).not.toContain(before.epochs[0]?.epoch);
    const { steps } = readOn({ epoch: before.epochs[0]?.epoch ?? "", offset: before.head }, after);
    expect(steps).toMatchObject([{ gap: { reason: "epoch" } }]);
  });
});

describe.skipIf(!hasRedis)("while Redis is away", () => {
  test("a publish fails after the timeout, and another one waits and is appended when it is back", async () => {
    const server = await started({ appendonly: "yes" });
    const [hasty, patient] = [
      await nodes.connect({ url: server.url, timeout: 1000 }),
      await nodes.connect({ url: server.url, timeout: 20_000 }),
    ];
    await patient.append("c", drafts(1), KEEP);
    await server.stop();
    const from = performance.now();
    await expect(hasty.append("c", [draft('"fails"')], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    expect(performance.now() - from).toBeGreaterThan(900);
    const waiting = [1, 2, 3].map((i) => patient.append("c", [draft(`"waits ${i}"`)], KEEP));
    await server.start();
    await Promise.all(waiting);
    const { entries } = await readAll(patient, "c");
    expect(entries.map(({ data }) => data)).toEqual(['"0"', '"waits 1"', '"waits 2"', '"waits 3"']);
  });

  test("nobody can connect, and is told which Redis did not answer", async () => {
    const server = await started();
    await server.stop();
    await expect(nodes.connect({ url: server.url, timeout: 300 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
  });

  test("an answer that is lost is found by the retry with the same key, at the same offset", async () => {
    const server = await started();
    const proxy = await proxied(server);
    const node = await nodes.connect({ url: proxy.url, timeout: 2000 });
    await node.append("c", drafts(1), KEEP);
    proxy.loseAnswers = true;
    const one = draft('"once"', 7);
    await expect(node.append("c", [one], KEEP)).rejects.toMatchObject({ code: "unavailable" });
    proxy.loseAnswers = false;
    proxy.cut();
    const page = await readAll(await nodes.connect({ url: server.url }), "c");
    expect(page.entries.map(({ data }) => data)).toEqual(['"0"', '"once"']);
    expect(await node.append("c", [one], KEEP)).toEqual([{ offset: page.head, duplicate: true }]);
  });

  test("a connection that is silent is given up, and calls go on over another", async () => {
    const server = await started();
    const proxy = await proxied(server);
    const node = await nodes.connect({ url: proxy.url, timeout: 2000 });
    const follower = notes();
    await node.follow("c", follower);
    proxy.freeze();
    await expect(node.append("c", drafts(1), KEEP)).rejects.toMatchObject({ code: "unavailable" });
    await until("the reset", () => follower.resets > 0);
    await node.append("c", [draft('"heard"')], KEEP);
    await until("the hint", () => follower.data().includes('"heard"'));
  });
});

describe.skipIf(!hasRedis)("topics", () => {
  test("that are cut are subscribed again, each with a reset, and hints go on", async () => {
    const server = await started();
    const [a, b] = [await nodes.connect({ url: server.url }), await nodes.connect({ url: server.url })];
    const followers = Array.from({ length: 600 }, () => notes());
    await Promise.all(followers.map((follower, i) => a.follow(`c/${i}`, follower)));
    await server.admin.call("client", "kill", "type", "pubsub");
    await until("all resets", () => followers.every(({ resets }) => resets > 0));
    await b.append("c/599", [draft('"heard"')], KEEP);
    await until("the hint", () => followers[599]?.data().includes('"heard"') === true);
    expect(followers.map(({ resets }) => resets)).toEqual(followers.map(() => 1));
  });

  test("that nobody follows any more are not heard of", async () => {
    const server = await started();
    const node = await nodes.connect({ url: server.url });
    const stops = await Promise.all(["c", "c", "d"].map((channel) => node.follow(channel, notes())));
    const heard = async (): Promise<number> =>
      ((await server.admin.call("pubsub", "shardchannels", "*:{c:*")) as unknown[]).length;
    expect(await heard()).toBe(2);
    stops[0]?.();
    await node.follow("e", notes());
    expect(await heard()).toBe(3);
    stops[1]?.();
    stops[2]?.();
    await until("the end of two", async () => (await heard()) === 1);
  });
});

describe.skipIf(!hasRedis)("a replica that is promoted without the end of a log", () => {
  test("ends an epoch at what it has, and cursors beyond that are rolled back", async () => {
    const watched = await Watched.start();
    ends.unshift(() => watched.remove());
    const node = await nodes.connect({ ...watched.options, timeout: 5000 });
    const follower = notes();
    await node.follow("c", follower);
    await appendEach(node, "c", drafts(50, "kept "));
    const kept = await readAll(node, "c");
    await watched.primary.replicated();
    // It follows somebody who is not there, so it hears of nothing more.
    await watched.replica.admin.replicaof("127.0.0.1", 1);
    await appendEach(node, "c", drafts(100, "lost "));
    const lost = await readAll(node, "c");
    expect(lost.entries).toHaveLength(150);
    await watched.primary.stop();
    await watched.promoted();
    await until("the reset", () => follower.resets > 0);
    await appendEach(node, "c", drafts(200, "new "));

    const page = await readAll(node, "c");
    expect(page.entries).toHaveLength(250);
    expect(page.entries.slice(0, 50)).toEqual(kept.entries);
    expect(page.epochs.map(({ base }) => base)).toEqual([0, kept.head]);
    const epoch = page.epochs[0]?.epoch ?? "";
    const after = async (offset: number): Promise<unknown[]> => {
      const read = await node.read("c", { after: offset, limit: 1, bytes: 1 }, KEEP);
      return readOn({ epoch, offset }, read).steps.map((step) =>
        "gap" in step ? step.gap : step.entry.data,
      );
    };
    for (const entry of [lost.entries[50], lost.entries[99], lost.entries[149]]) {
      expect(await after(entry?.offset ?? 0)).toMatchObject([{ reason: "rollback", until: kept.head }]);
    }
    expect(await after(kept.head)).toMatchObject([{ reason: "failover", until: kept.head }, '"new 0"']);
  }, 40_000);
});

describe.skipIf(!hasRedis)("with replicas to wait for", () => {
  test("an append is acknowledged when they hold it, and not when they are gone", async () => {
    const primary = await started({ "repl-diskless-sync-delay": 0 });
    const replica = await started({ replicaof: `127.0.0.1 ${primary.port}` });
    await primary.replicated();
    const node = await nodes.connect({ url: primary.url, replicas: 1, timeout: 20_000 });
    const hasty = await nodes.connect({ url: primary.url, replicas: 1 });
    expect(node.durability).toBe("replicated");
    await Promise.all(drafts(50).map((one) => node.append("c", [one], KEEP)));
    await replica.stop();
    const one = draft('"alone"');
    await expect(hasty.append("c", [one], KEEP)).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("0 of 1 replicas") as string,
    });
    await replica.start();
    await until("the retry to be confirmed", () =>
      node.append("c", [one], KEEP).then(
        ([outcome]) => outcome !== undefined && "duplicate" in outcome && outcome.duplicate,
        () => false,
      ),
    );
    expect((await readAll(node, "c")).entries).toHaveLength(51);
  });
});
