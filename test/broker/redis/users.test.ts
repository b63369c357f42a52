/** What an app does to one user reaches that user on whichever server it is, with Redis in between. */
import { stream, tidemark } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { connect } from "tidemark/client";
import { afterEach, describe, expect, test } from "vitest";
import { RedisServer } from "../../../bench/lib/redis-server.js";
import { hasRedis } from "./support/has-redis.js";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function node(url: string) {
  const broker = await redisBroker({ url });
  ends.push(() => broker.close());
  const app = tidemark({
    broker,
    log: { info() {}, warn() {}, error() {} },
    authenticate: ({ token = "nobody" }) => ({ id: token }),
  }).channels({
    "user/:id": stream({ retain: { count: 100 }, allow: ({ user, params }) => user.id === params.id }),
    "room/:id": stream({ retain: { count: 100 }, allow: ({ user }) => user.id === "bob" }),
  });
  ends.push(() => app.close());
  const { url: at } = await app.listen({ port: 0, host: "127.0.0.1" });
  const client = (token: string) => {
    const rt = connect(`${at}/connect`, { token });
    rt.on("error", () => {});
    ends.push(() => rt.close());
    return rt;
  };
  return { app, client };
}

describe.skipIf(!hasRedis)("app.user(id) on one of two nodes", () => {
  test("A21, B78: publishes to, subscribes, unsubscribes and disconnects that user on both", async () => {
    const redis = await RedisServer.start();
    ends.push(() => redis.remove());
    const [here, there] = [await node(redis.url), await node(redis.url)];
    const devices = [here.client("ann"), there.client("ann")];
    const bob = there.client("bob");
    const [bobs, heard] = [bob.stream("room/1"), [] as unknown[]];
    bobs.on("message", ({ data }) => void heard.push(data));
    await bobs.ready;

    const own = devices.map((rt) => rt.stream("user/ann"));
    await Promise.all(own.map(({ ready }) => ready));
    const messages = own.map((handle) => new Promise((resolve) => handle.on("message", resolve)));
    await here.app.user("ann").publish("user/:id", "you were mentioned");
    for (const message of messages) expect(await message).toMatchObject({ data: "you were mentioned" });

    const rooms = devices.map((rt) => rt.stream("room/1"));
    for (const room of rooms) await expect(room.ready).rejects.toMatchObject({ code: "forbidden" });
    const subscribed = rooms.map((room) => new Promise((resolve) => room.on("subscribed", resolve)));
    await here.app.user("ann").subscribe("room/1");
    await Promise.all(subscribed);
    const told = rooms.map((room) => new Promise((resolve) => room.on("message", resolve)));
    await here.app.publish("room/:id", { id: "1" }, "welcome");
    for (const message of told) expect(await message).toMatchObject({ data: "welcome" });

    const ended = rooms.map((room) => new Promise((resolve) => room.on("unsubscribed", resolve)));
    await here.app.user("ann").unsubscribe("room/1", "it is over");
    for (const end of ended) expect(await end).toMatchObject({ code: "forbidden", message: "it is over" });

    const closed = devices.map((rt) => new Promise((resolve) => rt.on("status", resolve)));
    await here.app.user("ann").disconnect("good night");
    for (const status of closed) expect(await status).toBe("closed");
    for (const { reason } of devices) expect(reason).toMatchObject({ message: "good night" });
    // Somebody else is none the wiser.
    const last = new Promise((resolve) => bobs.on("message", resolve));
    await here.app.publish("room/:id", { id: "1" }, "still here");
    await last;
    expect(heard).toEqual(["welcome", "still here"]);
    expect(bob.status).toBe("online");
  });
});
