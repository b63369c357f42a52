/** How another thread of a node's process writes the same logs. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openWriter } from "../../../src/broker/redis/thread-writer.js";
import { forOtherThread } from "../../../src/broker/redis/for-other-thread.js";
import { readOptions } from "../../../src/broker/redis/options.js";
import { FENCED_SLOTS, take } from "../../../src/testing/broker-contract/reign-kit.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { Nodes } from "./support/scene.js";

describe.skipIf(!hasRedis)("another thread of a node's process", () => {
  let server: RedisServer;
  const nodes = new Nodes();

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterEach(() => nodes.close());
  afterAll(() => server.remove());

  test("writes what the node would, under its reign, and is no node", async () => {
    const node = await nodes.connect({ url: server.url, prefix: "thread" });
    const entry = node.otherThread;
    expect(entry?.module).toMatch(/^file:.*\/redis\/thread-writer\.js$/);
    const writer = await openWriter(structuredClone(entry?.data));
    const reign = await take(node, "room/1", "owner");
    const again = await writer.reign(
      "room/1",
      { ttl: 3000, secret: "secret of owner", note: "" },
      FENCED_SLOTS,
    );
    expect(again).toMatchObject({ token: reign.token });
    const key = { scope: "thread", id: 1, print: 0 };
    const change = { key, reign: reign.token, changes: [{ slot: "stuck", data: "{}" }] };
    expect(await writer.change("room/1", [change], FENCED_SLOTS)).toMatchObject([{ duplicate: false }]);
    const heard: string[] = [];
    node.listen((text) => heard.push(text));
    await writer.send(node.node, "hello");
    await expect.poll(() => heard).toEqual(["hello"]);
    expect((await node.nodes()).map(({ id }) => id)).toEqual([node.node]);
    await writer.close();
  });

  test("where there is none is told in time", async () => {
    const data = { url: "redis://127.0.0.1:1", timeout: 200 };
    await expect(openWriter(data)).rejects.toMatchObject({ code: "unavailable" });
  });
});

test("what another thread is given can be cloned, whatever options a node has", () => {
  const settings = readOptions({
    cluster: {
      nodes: [{ host: "h", port: 1 }, "redis://h:2"],
      options: {
        clusterRetryStrategy: () => 1,
        redisOptions: { password: "p", tls: { ca: Buffer.from("ca"), checkServerIdentity: () => undefined } },
      },
    },
    client: { username: "u", retryStrategy: () => 1, reconnectOnError: null },
    onWarning: () => {},
    replicas: 1,
  });
  const cloned = structuredClone(forOtherThread(settings));
  expect(cloned).toMatchObject({
    cluster: { nodes: [{ host: "h", port: 1 }, "redis://h:2"], options: { redisOptions: { password: "p" } } },
    client: { username: "u" },
    prefix: "tidemark",
    replicas: 1,
  });
});
