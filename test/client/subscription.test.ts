import { expect, test } from "vitest";
import { World, collect, outcome, rejection, streamAt } from "./world.js";
import type { Gap, Message } from "tidemark/client";

test("the connect command carries subscriptions with where they are to begin, and their kind", async () => {
  const world = new World();
  world.client.stream("a", { last: 50 });
  world.client.stream("b", { since: 1_700_000_000_000 });
  world.client.stream("c", { cursor: "e:7" });
  world.client.stream("chat/:id", { id: "x y" });
  world.client.transient("t");
  const { connect } = await world.shakeHands();
  expect(connect["subs"]).toEqual({
    a: { kind: "stream", last: 50 },
    b: { kind: "stream", since: 1_700_000_000_000 },
    c: { kind: "stream", cursor: "e:7" },
    "chat/x%20y": { kind: "stream" },
    t: { kind: "transient" },
  });
});

test("N5, N8: a confirmed subscription is ready, and comes back from its own cursor", async () => {
  const world = new World();
  const chat = world.client.stream("a", { last: 50 });
  const how = collect<unknown>();
  chat.on("subscribed", how.add);
  chat.on("message", () => {});
  expect(chat.cursor).toBeUndefined();
  await world.online({ a: streamAt(7, 10, { complete: false }) }, [[7, 20, "x"]]);
  await chat.ready;
  expect(chat.cursor).toBe("e:20");
  await world.reconnect();
  expect(await world.online({ a: streamAt(9, 20) }, [[9, 21, "y"]])).toMatchObject({
    connect: { subs: { a: { kind: "stream", cursor: "e:20" } } },
  });
  expect(chat.cursor).toBe("e:21");
  expect(how.all).toEqual([
    { resumed: false, complete: false },
    { resumed: true, complete: true },
  ]);
});

test("a subscription that was never confirmed keeps its start", async () => {
  const world = new World();
  world.client.stream("a", { last: 5 });
  await world.shakeHands();
  await world.reconnect();
  const { connect } = await world.shakeHands();
  expect(connect["subs"]).toEqual({ a: { kind: "stream", last: 5 } });
});

test("messages carry data, offset, time and sender", async () => {
  const world = new World();
  const messages = collect<Message>();
  world.client.stream("a").on("message", messages.add);
  await world.online({ a: streamAt(1, 0) }, [[1, 889_192_448_004_096, { text: "hi" }, { from: "ann" }]]);
  expect(messages.all).toEqual([
    {
      data: { text: "hi" },
      offset: 889_192_448_004_096,
      time:
        Date.UTC(2020, 0, 1) +
        217_087_999_024 +
        Math.floor((889_192_448_004_096 - 217_087_999_024 * 4096) / 4096),
      from: "ann",
    },
  ]);
});

test("N6: what was seen is not seen twice", async () => {
  const world = new World();
  const seen = collect<number>();
  world.client.stream("a").on("message", (message) => seen.add(message.offset));
  await world.online({ a: streamAt(1, 10) }, [1, 10, "old"]);
  world.link.say([1, 11, "x"], [1, 11, "x"], [1, 9, "older"], [1, 12, "y"]);
  expect(seen.all).toEqual([11, 12]);
  await world.reconnect();
  await world.online({ a: streamAt(4, 10) }, [
    [4, 11, "x"],
    [4, 12, "y"],
    [4, 13, "z"],
  ]);
  expect(seen.all).toEqual([11, 12, 13]);
});

test("channel numbers are valid on their connection only", async () => {
  const world = new World();
  const seen = collect<unknown>();
  world.client.stream("a").on("message", (message) => seen.add(["a", message.data]));
  world.client.stream("b").on("message", (message) => seen.add(["b", message.data]));
  await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) }, [[1, 1, "x"]]);
  await world.reconnect();
  await world.online({ a: streamAt(2, 1), b: streamAt(1, 0) }, [
    [1, 2, "y"],
    [2, 3, "z"],
  ]);
  expect(seen.all).toEqual([
    ["a", "x"],
    ["b", "y"],
    ["a", "z"],
  ]);
});

test("N6: a gap moves the cursor, back too, and is told", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const gaps = collect<Gap>();
  const seen = collect<number>();
  chat.on("gap", gaps.add);
  chat.on("message", (message) => seen.add(message.offset));
  await world.online({ a: streamAt(1, 0) }, [[1, 50, 0]]);
  world.link.say({ event: "gap", ch: 1, after: 50, until: 30, epoch: "f", reason: "rollback" });
  expect(chat.cursor).toBe("f:30");
  world.link.say([1, 40, 0]);
  expect(chat.cursor).toBe("f:40");
  expect(seen.all).toEqual([50, 40]);
  expect(gaps.all).toEqual([{ after: 50, until: 30, reason: "rollback" }]);
});

test("a subscription made while online is asked for by itself, several in one frame", async () => {
  const world = new World();
  await world.online();
  const frames = world.link.frames.length;
  const one = world.client.stream("a", { last: 2 });
  const two = world.client.transient("t");
  await world.settle();
  expect(world.link.frames).toHaveLength(frames + 1);
  const sent = world.link.take();
  expect(sent).toEqual([
    { id: expect.any(Number), subscribe: "a", kind: "stream", last: 2 },
    { id: expect.any(Number), subscribe: "t", kind: "transient" },
  ]);
  world.link.say(
    { id: sent[0]?.id, ok: streamAt(1, 5) },
    { id: sent[1]?.id, ok: { ch: 2, kind: "transient" } },
  );
  await one.ready;
  await two.ready;
});

test("N8: a refused subscription rejects ready, is told, and is not asked for again on that connection", async () => {
  const world = new World();
  const errors = collect<unknown>();
  const chat = world.client.stream("a");
  chat.on("error", errors.add);
  const other = world.client.stream("b");
  const error = { code: "forbidden", message: "not yours", retry: false };
  await world.online({ a: { error }, b: streamAt(1, 0) });
  expect(await rejection(chat.ready)).toMatchObject({ code: "forbidden", channel: "a" });
  expect(errors.all).toMatchObject([{ code: "forbidden" }]);
  expect(world.reports).toEqual([]);
  await other.ready;
  await world.pass(30_000);
  expect(world.link.take().filter((command) => "subscribe" in command)).toEqual([]);
});

test("a refused subscription that nobody listens to reaches the client's error event", async () => {
  const world = new World();
  const errors = collect<unknown>();
  world.client.on("error", errors.add);
  world.client.stream("a");
  await world.online({ a: { error: { code: "not_found", message: "no", retry: false } } });
  expect(errors.all).toMatchObject([{ code: "not_found", channel: "a" }]);
});

test("N8: a subscription refused for the moment is asked for again", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const ready = outcome(chat.ready);
  await world.online({ a: { error: { code: "unavailable", message: "", retry: true, after: 500 } } });
  await world.pass(499);
  expect(world.link.take()).toEqual([]);
  await world.pass(301);
  const [again] = world.link.take();
  expect(again).toMatchObject({ subscribe: "a" });
  world.link.say({ id: again?.id, error: { code: "unavailable", message: "", retry: true } });
  await world.pass(600);
  const [third] = world.link.take();
  world.link.say({ id: third?.id, ok: streamAt(1, 0) });
  await world.settle();
  expect(ready.value).toBe("done");
  await world.pass(30_000);
  expect(world.link.take()).toEqual([]);
});

test.each([
  ["200 subscriptions", (i: number) => `room/${i}`],
  ["48 KiB", (i: number) => `room/${i}/${"x".repeat(230)}`],
])("beyond %s in the connect command they are asked for after it, a hundred at a time", async (_, nameOf) => {
  const world = new World();
  const names = Array.from({ length: 600 }, (__, i) => nameOf(i));
  for (const name of names) world.client.stream(name);
  const command = await world.shakeHands();
  const resumed = Object.keys(command.connect["subs"] as object);
  expect(resumed.length).toBeGreaterThan(150);
  expect(resumed.length).toBeLessThanOrEqual(200);
  const subs = Object.fromEntries(resumed.map((name, i) => [name, streamAt(i, 0)]));
  world.link.say({ id: command.id, ok: { client: "c", durability: "memory", ping: 25_000, subs } });
  const asked = [...resumed];
  while (asked.length < names.length) {
    await world.settle();
    const round = world.link.take();
    expect(round.length).toBe(Math.min(100, names.length - asked.length));
    for (const { id, subscribe } of round) {
      asked.push(subscribe as string);
      world.link.say({ id, ok: streamAt(asked.length, 0) });
    }
  }
  expect(asked).toEqual(names);
  for (const frame of world.link.frames) expect((frame as string).length).toBeLessThanOrEqual(48 * 1024);
});

test("a server that limits the rate of commands is not flooded with subscriptions", async () => {
  const world = new World();
  await world.online();
  const handles = Array.from({ length: 500 }, (_, i) => world.client.stream(`room/${i}`));
  const ready = Promise.all(handles.map((handle) => handle.ready));
  const done = outcome(ready);
  const limited = { code: "rate_limited", message: "", retry: true, after: 5 };
  let commands = 0;
  for (let tokens = 50; done.value === "pending"; tokens += 10) {
    await world.pass(50);
    for (const { id } of world.link.take()) {
      commands++;
      world.link.say(tokens-- > 0 ? { id, ok: streamAt(commands, 0) } : { id, error: limited });
      tokens = Math.max(tokens, 0);
    }
    expect(world.clock.monotonic()).toBeLessThan(60_000);
  }
  expect(commands).toBeLessThan(1500);
});

test("a channel of the other kind is refused", async () => {
  const world = new World();
  const chat = world.client.stream("t");
  await world.online({ t: { ch: 1, kind: "transient" } });
  expect((await rejection(chat.ready)).code).toBe("wrong_kind");
  expect(() => world.client.transient("t")).toThrow("t is in use as a stream channel");
});

test("names and starts that would spoil the connect command throw at once", () => {
  const world = new World();
  expect(() => world.client.stream("")).toThrow("1 to 255");
  expect(() => world.client.stream("a\nb")).toThrow("control characters");
  expect(() => world.client.stream("a", { last: -1 })).toThrow("last (0 to 1000)");
  expect(() => world.client.stream("a", { last: 1, since: 1 })).toThrow("is no start");
  expect(() => world.client.stream("a", { since: 0.5 })).toThrow("since (milliseconds");
  expect(() => world.client.stream("a", { cursor: "x" })).toThrow('{"cursor":"x"} is no start');
  expect(() => world.client.stream("chat/:id", {} as { id: string })).toThrow(TypeError);
});

test("transient messages have no offset, the time of their arrival, and no cursor", async () => {
  const world = new World();
  const typing = world.client.transient("t");
  const seen = collect<Message>();
  typing.on("message", seen.add);
  await world.online({ t: { ch: 1, kind: "transient" } }, [
    [1, 0, 1],
    [1, 0, 1, { from: "ann" }],
  ]);
  const time = world.clock.now();
  expect(seen.all).toEqual([
    { data: 1, offset: 0, time },
    { data: 1, offset: 0, time, from: "ann" },
  ]);
  await world.reconnect();
  expect((await world.shakeHands()).connect["subs"]).toEqual({ t: { kind: "transient" } });
});

test("messages that come with the confirmation wait for who awaits ready", async () => {
  const world = new World();
  const chat = world.client.stream("a", { last: 2 });
  const seen = collect<unknown>();
  const listening = chat.ready.then(() => chat.on("message", (message) => seen.add(message.data)));
  await world.online({ a: streamAt(1, 0) }, [
    [1, 1, "x"],
    [1, 2, "y"],
  ]);
  await listening;
  world.link.say([1, 3, "z"]);
  expect(seen.all).toEqual(["x", "y", "z"]);
});
