import { expect, test } from "vitest";
import { timeOf } from "../../src/protocol/index.js";
import { World, outcome, rejection, streamAt } from "./world.js";

test("a call is answered with the method's result, or its error", async () => {
  const world = new World();
  await world.online();
  const sum = world.client.call("sum", [1, 2]);
  const none = rejection(world.client.call("none"));
  await world.settle();
  const [one, two] = world.link.take();
  expect(one).toEqual({ id: one?.id, call: "sum", data: [1, 2] });
  expect(two).toEqual({ id: two?.id, call: "none" });
  world.link.say({ id: two?.id, error: { code: "not_found", message: "no method 'none'", retry: false } });
  world.link.say({ id: one?.id, ok: 3 });
  expect(await sum).toBe(3);
  expect(await none).toMatchObject({ code: "not_found", message: "no method 'none'" });
});

test("N15: a call waits for a connection", async () => {
  const world = new World();
  const call = outcome(world.client.call("x"));
  await world.pass(5000);
  await world.online();
  const [sent] = world.link.take();
  world.link.say({ id: sent?.id, ok: "y" });
  await world.settle();
  expect(call.value).toBe("y");
});

test("a call that finds no connection within 30 seconds was never made", async () => {
  const world = new World();
  const call = outcome(world.client.call("x"));
  await world.pass(29_999);
  expect(call.value).toBe("pending");
  await world.pass(1);
  expect(call.value).toBe("offline");
  world.platform("online");
  await world.online();
  expect(world.link.take()).toEqual([]);
});

test("N15: a call whose connection is lost has an unknown outcome, and is not made again", async () => {
  const world = new World();
  await world.online();
  const call = outcome(world.client.call("x"));
  await world.settle();
  await world.reconnect();
  expect(call.value).toBe("outcome_unknown");
  await world.online();
  expect(world.link.take()).toEqual([]);
});

test("N15: a call that is not answered within callTimeout has an unknown outcome", async () => {
  const world = new World({ callTimeout: 1000 });
  await world.online();
  const call = outcome(world.client.call("x"));
  await world.pass(1000);
  expect(call.value).toBe("outcome_unknown");
});

test("calls that wait are bounded", async () => {
  const world = new World({ outbox: { messages: 1 } });
  void world.client.call("x").catch(() => {});
  expect((await rejection(world.client.call("y"))).code).toBe("outbox_full");
  expect((await rejection(world.client.call("z", 1n))).code).toBe("invalid");
});

test("history is asked as given, and told with its bounds", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const history = chat.history({ before: 900, limit: 2 });
  await world.settle();
  const [ask] = world.link.take();
  expect(ask).toEqual({ id: ask?.id, history: "a", before: 900, limit: 2 });
  const entries = [
    [4096, "x"],
    [8192, "y", { from: "ann" }],
  ];
  world.link.say({ id: ask?.id, ok: { entries, complete: false, more: true } });
  expect(await history).toEqual({
    messages: [
      { data: "x", offset: 4096, time: timeOf(4096) },
      { data: "y", offset: 8192, time: timeOf(8192), from: "ann" },
    ],
    complete: false,
    more: true,
  });
});

test("N15: history is asked again after a reconnect", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const history = outcome(chat.history());
  await world.settle();
  await world.reconnect();
  await world.online({ a: streamAt(1, 0) });
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, ok: { entries: [], complete: true, more: false } });
  await world.settle();
  expect(history.value).toEqual({ messages: [], complete: true, more: false });
});

test("history that does not come in time can be asked for again", async () => {
  const world = new World({ callTimeout: 1000 });
  const chat = world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  const history = rejection(chat.history());
  await world.pass(1000);
  expect(await history).toMatchObject({ code: "timeout", retry: true });
});
