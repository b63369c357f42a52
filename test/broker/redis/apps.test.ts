/** Whole servers on one Redis: what is published on one is delivered on the other, whatever happens to the hints. */
import { stream, tidemark, transient } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { connect, type Client } from "tidemark/client";
import { afterEach, describe, expect, test } from "vitest";
import { Proxy } from "./support/proxy.js";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";
import { until } from "../../../bench/lib/wait.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function app(url: string) {
  const broker = await redisBroker({ url, lease: 900, timeout: 2000 });
  ends.push(() => broker.close());
  const server = tidemark({ broker, log: quiet }).channels({
    "chat/:id": stream({ retain: { count: 10_000 }, presence: true }),
    "typing/:id": transient(),
  });
  ends.push(() => server.close());
  const { url: at } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { broker, server, at };
}

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

function client(at: string): Client {
  const rt = connect(`${at.replace("http", "ws")}/connect`, { backoff: { min: 10, max: 200 } });
  ends.push(() => rt.close());
  return rt;
}

describe.skipIf(!hasRedis)("two apps on one Redis", () => {
  test("are one: a message, a signal and a member of one are seen on the other", async () => {
    const redis = await RedisServer.start();
    ends.push(() => redis.remove());
    const [a, b] = [await app(redis.url), await app(redis.url)];
    const [ann, bob] = [client(a.at), client(b.at)];
    const heard: unknown[] = [];
    const chat = bob.stream("chat/1");
    const typing = bob.transient("typing/1");
    chat.on("message", ({ data }) => heard.push(data));
    typing.on("message", ({ data }) => heard.push(data));
    await Promise.all([
      new Promise((resolve) => chat.on("subscribed", resolve)),
      new Promise((resolve) => typing.on("subscribed", resolve)),
    ]);
    await ann.stream("chat/1").publish("hello");
    await until("the message", () => heard.includes("hello"));
    await ann.transient("typing/1").publish("…");
    await until("the signal", () => heard.includes("…"));
    await a.server.publish("chat/:id", { id: "1" }, "from the server");
    await until("the server's message", () => heard.includes("from the server"));
    await until("both members", () => chat.members.length === 2);
    ann.close();
    await until("ann to have left", () => chat.members.length === 1, 20_000);
  }, 30_000);

  test("deliver everything once, in one order, while hints and connections are cut", async () => {
    const redis = await RedisServer.start();
    ends.push(() => redis.remove());
    const proxy = await Proxy.start(redis.port);
    ends.push(() => proxy.close());
    const apps = [await app(redis.url), await app(proxy.url)];
    const readers = apps.flatMap(({ at }) => Array.from({ length: 5 }, () => client(at)));
    const gaps: unknown[] = [];
    const seen = await Promise.all(
      readers.map(async (rt) => {
        const own: string[] = [];
        const chat = rt.stream("chat/1");
        chat.on("message", ({ data }) => own.push(String(data)));
        chat.on("gap", (gap) => gaps.push(gap));
        await new Promise((resolve) => chat.on("subscribed", resolve));
        return own;
      }),
    );
    const acknowledged: string[] = [];
    const publishing = apps.map(async ({ at }, by) => {
      const chat = client(at).stream("chat/1");
      for (let i = 0; i < 150; i++) {
        const text = `${by}/${i}`;
        await chat.publish(text);
        acknowledged.push(text);
      }
    });
    const faults = (async () => {
      for (const at of [40, 100, 160, 220]) {
        await until("some more messages", () => acknowledged.length >= at, 20_000);
        await redis.admin.call("client", "kill", "type", "pubsub");
        if (at === 100 || at === 220) proxy.cut();
      }
    })();
    await Promise.all([...publishing, faults]);
    await until(
      "everybody to have everything",
      () => seen.every((own) => own.length >= acknowledged.length),
      20_000,
    );
    const [first = []] = seen;
    expect(first.toSorted()).toEqual(acknowledged.toSorted());
    for (const own of seen) expect(own).toEqual(first);
    expect(gaps).toEqual([]);
  }, 60_000);
});
