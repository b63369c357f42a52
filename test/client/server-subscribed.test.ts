import { expect, test } from "vitest";
import { World, collect, streamAt } from "./world.js";

test("unsubscribed by the server: told, and not asked for again", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const told = collect<unknown>();
  chat.on("unsubscribed", told.add);
  await world.online({ a: streamAt(1, 0) });
  world.link.say({ event: "unsubscribed", ch: 1, code: "forbidden", message: "banned" }, [1, 1, "x"]);
  expect(told.all).toMatchObject([{ code: "forbidden", message: "banned" }]);
  await world.reconnect();
  expect((await world.shakeHands()).connect["subs"]).toEqual({});
});

test("N23: subscribed by the server: a handle that comes later begins where the server began, and resumes", async () => {
  const world = new World();
  await world.online({ "user/1": streamAt(5, 0) }, [[5, 1, "before"]]);
  await world.reconnect();
  expect((await world.shakeHands()).connect["subs"]).toEqual({});
  world.link.say({
    id: 2,
    ok: { client: "c2", durability: "memory", ping: 25_000, subs: { "user/1": streamAt(6, 1) } },
  });
  const inbox = world.client.stream("user/1");
  const seen = collect<unknown>();
  inbox.on("message", (message) => seen.add(message.data));
  await world.settle();
  const [ask] = world.link.take();
  expect(ask).toMatchObject({ subscribe: "user/1", cursor: "e:0" });
  world.link.say({ id: ask?.id, ok: streamAt(6, 0) }, [6, 1, "before"], [6, 2, "after"]);
  await inbox.ready;
  await world.settle();
  expect(seen.all).toEqual(["before", "after"]);
  await world.reconnect();
  expect((await world.shakeHands()).connect["subs"]).toEqual({ "user/1": { kind: "stream", cursor: "e:2" } });
});

test("N23: subscribed by the server: a handle's own start counts", async () => {
  const world = new World();
  await world.online({}, [{ event: "subscribed", channel: "user/1", ...streamAt(5, 7) }]);
  world.client.stream("user/1", { last: 3 });
  await world.settle();
  expect(world.link.take()).toMatchObject([{ subscribe: "user/1", last: 3 }]);
});

test("what the server has ended again is nothing to begin from", async () => {
  const world = new World();
  await world.online({ "user/1": streamAt(5, 7) }, [
    { event: "unsubscribed", ch: 5, code: "forbidden", message: "" },
  ]);
  world.client.stream("user/1");
  await world.settle();
  const [ask] = world.link.take();
  expect(ask).not.toHaveProperty("cursor");
});

test("subscribed by the server while it is being asked for is one subscription", async () => {
  const world = new World();
  await world.online();
  const chat = world.client.stream("a", { last: 1 });
  const seen = collect<unknown>();
  chat.on("message", (message) => seen.add(message.data));
  await world.settle();
  const [ask] = world.link.take();
  world.link.say(
    { event: "subscribed", channel: "a", ...streamAt(5, 1) },
    { id: ask?.id, ok: streamAt(5, 0) },
    [5, 1, "x"],
  );
  await chat.ready;
  await world.settle();
  expect(seen.all).toEqual(["x"]);
});

test("subscribed by the server again after it had ended it: handles go on", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const seen = collect<unknown>();
  chat.on("message", (message) => seen.add(message.data));
  await world.online({ a: streamAt(1, 0) });
  world.link.say({ event: "unsubscribed", ch: 1, code: "forbidden", message: "for now" });
  world.link.say({ event: "subscribed", channel: "a", ...streamAt(1, 3) }, [1, 4, "back"]);
  expect(seen.all).toEqual(["back"]);
});
