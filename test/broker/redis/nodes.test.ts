/** Presence and nodes when a node, or Redis, goes away without a word. */
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import type { Broker } from "../../../src/broker/index.js";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes, notes, type Notes } from "./support/scene.js";
import { elapse, until } from "../../../bench/lib/wait.js";

/** A busy machine may be late by a good part of it without being taken for dead. */
const LEASE = 1500;

describe.skipIf(!hasRedis)("presence", () => {
  let server: RedisServer;
  let stores = 0;
  const nodes = new Nodes();
  const proxies: Proxy[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    for (const proxy of proxies) proxy.block(false);
    await nodes.close();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  afterAll(() => server.remove());

  /** A node that can be cut off, and one that watches. */
  async function scene(): Promise<{ node: Broker; proxy: Proxy; watching: Broker; watcher: Notes }> {
    const prefix = `store-${++stores}`;
    const proxy = await Proxy.start(server.port);
    proxies.push(proxy);
    const node = await nodes.connect({ url: proxy.url, prefix, lease: LEASE });
    const watching = await nodes.connect({ url: server.url, prefix, lease: LEASE });
    const watcher = notes();
    await watching.follow("c", watcher);
    return { node, proxy, watching, watcher };
  }

  async function ids(broker: Broker, channel = "c"): Promise<string[]> {
    return (await broker.members(channel)).members.map(({ id }) => id).toSorted();
  }

  test("of a node that is gone ends within two leases, of all its members on all channels", async () => {
    const { node, proxy, watching, watcher } = await scene();
    const names = Array.from({ length: 1000 }, (_, i) => `m${i}`);
    await Promise.all(names.map((id) => node.join("c", { id }, "1")));
    await Promise.all(names.map((id, i) => node.join(`d/${i % 20}`, { id }, "1")));
    await watching.join("c", { id: "m1" }, "elsewhere");
    await watching.join("c", { id: "lives" }, "1");
    // For a lease after its own start a node takes nobody for dead.
    await elapse(LEASE);
    proxy.block(true);
    const from = performance.now();
    const left = (): string[] => watcher.changes.flatMap((change) => change.left.map(({ id }) => id));
    await until("all to have left", () => left().length >= 999);
    expect(performance.now() - from).toBeLessThan(2 * LEASE);
    expect(left().toSorted()).toEqual(names.filter((id) => id !== "m1").toSorted());
    expect(await ids(watching)).toEqual(["lives", "m1"]);
    await until("the others to be empty", async () => (await ids(watching, "d/7")).length === 0);
    expect((await watching.nodes()).map(({ id }) => id)).toEqual([watching.node]);
    const versions = watcher.changes.map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, i) => (versions[0] ?? 0) + i));
  });

  test("of a node that was taken for dead is back when it is, and nothing of it is left when it closes", async () => {
    const { node, proxy, watching } = await scene();
    await node.join("c", { id: "ann" }, "1");
    await node.join("c", { id: "bob" }, "2");
    await elapse(LEASE);
    proxy.block(true);
    await until("the node to be taken for dead", async () => (await ids(watching)).length === 0);
    await expect(node.leave("c", "bob", "2", 0)).rejects.toMatchObject({ code: "unavailable" });
    proxy.block(false);
    await until("ann to be back", async () => (await ids(watching)).join() === "ann");
    await node.close();
    expect(await ids(watching)).toEqual([]);
    expect(await server.admin.keys(`store-${stores}:{n:*`)).toEqual(
      await server.admin.keys(`store-${stores}:{n:*}:sweep`),
    );
  });

  test("does not end when Redis was away for longer than a lease", async () => {
    const { node, watching, watcher } = await scene();
    await node.join("c", { id: "ann" }, "1");
    await watching.join("c", { id: "bob" }, "1");
    await until("both", () => watcher.changes.length >= 2);
    await elapse(LEASE);
    server.pause(true);
    await elapse(2 * LEASE);
    server.pause(false);
    await until("the reset", () => watcher.resets > 0);
    await elapse(2 * LEASE);
    expect(await ids(watching)).toEqual(["ann", "bob"]);
    expect(watcher.changes.flatMap(({ left }) => left)).toEqual([]);
  });

  test("is told again to a Redis that has lost it", async () => {
    const own = await RedisServer.start();
    try {
      const [a, b] = [await nodes.connect({ url: own.url }), await nodes.connect({ url: own.url })];
      const watcher = notes();
      await a.follow("c", watcher);
      await a.join("c", { id: "ann", data: 1 }, "1");
      await b.join("c", { id: "bob" }, "2");
      await b.join("c", { id: "gone" }, "3");
      const before = await a.members("c");
      await own.stop();
      const leaving = b.leave("c", "gone", "3", 0);
      await own.start();
      await leaving;
      await until("the reset", () => watcher.resets > 0);
      await until("both", async () => (await ids(a)).join() === "ann,bob");
      const after = await a.members("c");
      expect(after.members).toContainEqual({ id: "ann", data: 1 });
      expect(after.version).toBeGreaterThan(before.version);
      await until("two nodes", async () => (await a.nodes()).length === 2);
    } finally {
      await nodes.close();
      await own.remove();
    }
  });

  test("in a grace ends in time although the node that began it has closed", async () => {
    const { node, watching, watcher } = await scene();
    await node.join("c", { id: "ann" }, "1");
    await node.leave("c", "ann", "1", LEASE);
    await node.close();
    expect(await ids(watching)).toEqual(["ann"]);
    await until("the end of the grace", () => watcher.changes.some(({ left }) => left.length > 0));
    expect(await ids(watching)).toEqual([]);
  });

  test("of an incarnation that no list of nodes names ends when somebody asks", async () => {
    const { node, proxy, watching } = await scene();
    await node.join("c", { id: "ghost" }, "1");
    proxy.block(true);
    await server.admin.del(`store-${stores}:{nodes}:leases`, `store-${stores}:{nodes}:info`);
    expect(await ids(watching)).toEqual(["ghost"]);
    await until("the ghost to be gone", async () => (await ids(watching)).length === 0);
  });
});
