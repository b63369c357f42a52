import { expect, test } from "vitest";
import { World, collect, rejection, streamAt } from "./world.js";

test("a handle that publishes at once is subscribed first", async () => {
  const world = new World();
  await world.online();
  void world.client
    .stream("a")
    .publish(1)
    .catch(() => {});
  await world.settle();
  expect(world.link.take()).toMatchObject([{ subscribe: "a" }, { publish: "a" }]);
});

test("N7: closing the last of several handles ends the subscription", async () => {
  const world = new World();
  const one = world.client.stream("a");
  const two = world.client.stream("a");
  const seen = collect<unknown>();
  one.on("message", (message) => seen.add(["one", message.data]));
  two.on("message", (message) => seen.add(["two", message.data]));
  await world.online({ a: streamAt(1, 0) }, [[1, 1, "x"]]);
  one.close();
  world.link.say([1, 2, "y"]);
  await world.settle();
  expect(world.link.take()).toEqual([]);
  two.close();
  two.close();
  await world.settle();
  expect(world.link.take()).toEqual([{ id: expect.any(Number), unsubscribe: "a" }]);
  world.link.say([1, 3, "z"]);
  expect(seen.all).toEqual([
    ["one", "x"],
    ["two", "x"],
    ["two", "y"],
  ]);
});

test("N7: a double mount is harmless, before and after the subscription is confirmed", async () => {
  const world = new World();
  world.client.stream("a").close();
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const seen = collect<unknown>();
  chat.close();
  const again = world.client.stream("a");
  again.on("message", (message) => seen.add(message.data));
  await again.ready;
  world.link.say([1, 1, "x"]);
  await world.settle();
  expect(world.link.take()).toEqual([]);
  expect(seen.all).toEqual(["x"]);
});

test("a handle that is opened and closed in one turn costs nothing", async () => {
  const world = new World();
  await world.online();
  world.client.stream("a").close();
  await world.settle();
  expect(world.link.take()).toEqual([]);
});

test("a handle closed before it is ready rejects ready with closed", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  chat.close();
  expect((await rejection(chat.ready)).code).toBe("closed");
  expect((await rejection(chat.publish(1))).code).toBe("closed");
});

test("a handle closed during the handshake is unsubscribed when that is over, and a new one subscribed after", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const command = await world.shakeHands();
  chat.close();
  await world.settle();
  const next = world.client.stream("a", { last: 3 });
  await world.settle();
  const subs = { a: streamAt(1, 0) };
  world.link.say({ id: command.id, ok: { client: "c", durability: "memory", ping: 25_000, subs } }, [
    1,
    1,
    "old",
  ]);
  await world.settle();
  const [off, on] = world.link.take();
  expect(off).toMatchObject({ unsubscribe: "a" });
  expect(on).toMatchObject({ subscribe: "a", last: 3 });
  const seen = collect<unknown>();
  next.on("message", (message) => seen.add(message.data));
  world.link.say({ id: off?.id, ok: {} }, { id: on?.id, ok: streamAt(1, 1) }, [1, 2, "new"]);
  await world.settle();
  expect(seen.all).toEqual(["new"]);
});

test("a subscription closed while it is being asked for is not mixed up with the next one of its name", async () => {
  const world = new World();
  await world.online();
  const one = world.client.stream("a");
  await world.settle();
  one.close();
  await world.settle();
  const two = world.client.stream("a");
  await world.settle();
  const [ask1, off, ask2] = world.link.take();
  expect([ask1?.["subscribe"], off?.["unsubscribe"], ask2?.["subscribe"]]).toEqual(["a", "a", "a"]);
  world.link.say(
    { id: ask1?.id, ok: streamAt(1, 0) },
    { id: off?.id, ok: {} },
    { id: ask2?.id, ok: streamAt(1, 0) },
  );
  await two.ready;
  expect(world.link.take()).toEqual([]);
});
