/** `tidemark serve --broker URL`: servers that share their logs in Redis. */
import { connect } from "tidemark/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { RedisServer } from "../../bench/lib/redis-server.js";
import { Watched } from "../../bench/lib/sentinels.js";
import { RedisCluster } from "../broker/redis/support/cluster.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";
import { tidemark, type Running } from "./support.js";

async function serve(...args: string[]): Promise<{ url: string; server: Running }> {
  const server = tidemark(["serve", "--port", "0", "--host", "127.0.0.1", ...args]);
  await server.says(/typing\/:id\n/);
  return { url: /ws:\/\/\S+/.exec(server.out())?.[0] ?? "", server };
}

function streamAt(url: string) {
  const rt = connect(url);
  onTestFinished(() => rt.close());
  return rt.stream("chat/1");
}

/** What is published on one server comes to a subscriber on the other. */
async function meet(...urls: string[]): Promise<void> {
  const listeners = urls.map(streamAt);
  const heard = listeners.map((stream) => new Promise((resolve) => stream.on("message", resolve)));
  await Promise.all(listeners.map(({ ready }) => ready));
  await streamAt(urls[0] ?? "").publish("hello");
  for (const message of heard) expect(await message).toMatchObject({ data: "hello" });
}

describe.skipIf(!hasRedis)("tidemark serve --broker", () => {
  test("A70: servers, and workers of servers, are one where they share a Redis, and drain on SIGTERM", async () => {
    const redis = await RedisServer.start();
    onTestFinished(() => redis.remove());
    const [one, other] = await Promise.all([
      serve("--broker", redis.url),
      serve("--broker", redis.url, "--workers", "2"),
    ]);
    await other.server.says(/(worker \d+\s+){2}/);
    await meet(one.url, other.url, other.url);
    // Two of one prefix and one of another.
    const apart = await serve("--broker", `${redis.url}?prefix=apart`);
    await meet(apart.url);
    expect((await streamAt(one.url).history()).messages).toHaveLength(1);
    for (const { server } of [one, other, apart]) server.kill("SIGTERM");
    for (const { server } of [one, other, apart]) expect(await server.exit).toBe(0);
  });

  test("A70: reaches a primary through its Sentinels", async () => {
    const watched = await Watched.start();
    onTestFinished(() => watched.remove());
    const hosts = watched.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const url = `redis+sentinel://${hosts}/tidemark`;
    const [one, other] = await Promise.all([serve("--broker", url), serve("--broker", url)]);
    await meet(one.url, other.url);
  });

  test("A70: reaches a Cluster", async () => {
    const cluster = await RedisCluster.start();
    onTestFinished(() => cluster.remove());
    const url = `redis+cluster://${cluster.servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
    const [one, other] = await Promise.all([serve("--broker", url), serve("--broker", url)]);
    await meet(one.url, other.url);
  });

  test("A70: a Redis that wants a password is not reached without it, and no message repeats one", async () => {
    const redis = await RedisServer.start({ requirepass: "open-sesame" });
    onTestFinished(() => redis.remove());
    const right = redis.url.replace("//", "//:open-sesame@");
    await meet((await serve("--broker", right)).url);
    const wrong = tidemark(["serve", "--port", "0", "--broker", redis.url.replace("//", "//:guessed@")]);
    expect(await wrong.exit).toBe(2);
    expect(wrong.err()).toContain("--broker: ");
    expect(wrong.err()).not.toContain("guessed");
  });
});

test.each([
  [["--broker", "http://db"], "--broker takes redis://"],
  [["--broker", "redis://127.0.0.1:1", "--data", "x"], "choose one of them"],
  [["--broker", "redis://127.0.0.1:1"], "there is no Redis within 5000 ms: connect ECONNREFUSED"],
  [["--broker", "redis://127.0.0.1:1", "--workers", "2"], "there is no Redis within 5000 ms"],
])("A70: %j is a mistake, and is said to be one", async (args, message) => {
  const server = tidemark(["serve", "--port", "0", ...args]);
  expect(await server.exit).toBe(2);
  expect(server.err().split(message)).toHaveLength(2);
});
