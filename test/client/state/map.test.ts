import { expect, test } from "vitest";
import type { Changes } from "tidemark/state";
import { World, collect, rejection } from "../world.js";
import { begun, commands, entriesOf, online, setup, unwatched } from "./support.js";

test("N71: the map is there with the first message, whole, and ready says when", async () => {
  const { world, keys } = setup();
  let isReady = false;
  void keys.ready.then(() => (isReady = true));
  const connect = await world.online({ "keys/a": begun(1) }, [
    [1, 10, ["a", 1, "b", 2], { part: 0, more: true }],
  ]);
  expect(connect["connect"]).toMatchObject({ subs: { "keys/a": { kind: "state", window: 65_536 } } });
  await world.settle();
  expect([isReady, keys.map.size, keys.cursor, keys.lag.behind]).toEqual([false, 0, undefined, true]);
  world.link.say([1, 10, ["c", { d: 3 }], { part: 1 }]);
  await world.settle();
  expect([isReady, keys.cursor, keys.lag.behind]).toEqual([true, "e:10", false]);
  expect(entriesOf(keys)).toEqual([
    ["a", 1],
    ["b", 2],
    ["c", { d: 3 }],
  ]);
});

test("N71: an empty map is ready as well", async () => {
  const { world, keys } = setup();
  await world.online({ "keys/a": begun(1) }, [[1, 0, []]]);
  await keys.ready;
  expect([keys.map.size, keys.cursor]).toEqual([0, "e:0"]);
});

test("N71: a message stands for all between the cursor and its offset, and the connection goes on from there", async () => {
  const { world, keys } = await online(["a", 1, "b", 2]);
  world.link.say([1, 12, ["b", 3], { del: ["a"] }], [1, 15]);
  expect([entriesOf(keys), keys.cursor]).toEqual([[["b", 3]], "e:15"]);
  await world.reconnect();
  const { connect } = await world.shakeHands();
  expect(connect).toMatchObject({ subs: { "keys/a": { cursor: "e:15" } } });
});

test("N71: parts of a message are shown with its last; those of one that was cut off are dropped", async () => {
  const { world, keys } = await online(["x", 0, "y", 0]);
  world.link.say([1, 20, ["x", 1], { part: 0, more: true }]);
  expect([keys.map.get("x"), keys.cursor, keys.lag.behind]).toEqual([0, "e:10", true]);
  await world.reconnect();
  await world.online({ "keys/a": begun(4, { cursor: "e:10" }) }, [
    [4, 21, ["x", 2], { part: 0, more: true, del: ["z"] }],
    [4, 21, ["y", 2], { part: 1 }],
  ]);
  expect(entriesOf(keys)).toEqual([
    ["x", 2],
    ["y", 2],
  ]);
});

test("N71: a part that is not the next ends the connection", async () => {
  const { world, keys } = await online(["x", 0]);
  world.link.say([1, 20, ["x", 1], { part: 0, more: true }], [1, 20, ["x", 2], { part: 2 }]);
  await world.settle();
  expect([keys.map.get("x"), world.link.closed]).toEqual([0, true]);
});

test("N72: what is told anew replaces the map, which stays until that is whole, in its order", async () => {
  const { world, keys } = await online(["a", 1, "b", { x: 2 }, "c", 3]);
  const changes = collect<Changes>();
  keys.on("changes", changes.add);
  await world.settle();
  const before = changes.all.length;
  world.link.say({ event: "gap", ch: 1, after: 10, until: 0, epoch: "f", reason: "epoch" });
  world.link.say([1, 5, ["d", 4], { part: 0, more: true }]);
  expect([keys.map.size, keys.cursor]).toEqual([3, "e:10"]);
  world.link.say([1, 5, ["b", { x: 2 }, "a", 9], { part: 1 }]);
  expect([entriesOf(keys), keys.cursor]).toEqual([
    [
      ["a", 9],
      ["b", { x: 2 }],
      ["d", 4],
    ],
    "f:5",
  ]);
  await world.settle();
  const told = changes.all.slice(before);
  expect(told.at(-1)).toEqual({ changed: new Set(["c", "d", "a"]), full: true });
});

test("N72: what was told anew before a gap, and is shown behind it, is not what the gap announces", async () => {
  const { world, keys } = await online(["a", 1]);
  const changes = collect<Changes>();
  keys.on("changes", changes.add);
  await world.settle();
  const before = changes.all.length;
  const gap = { event: "gap", ch: 1, until: 0, epoch: "f", reason: "epoch" };
  world.link.say({ ...gap, after: 10 }, [1, 5, ["a", 2]], { ...gap, after: 5, epoch: "g" });
  await world.settle();
  world.link.say([1, 7, ["a", 3]]);
  await world.settle();
  expect(changes.all.slice(before).map(({ full }) => full)).toEqual([false, true]);
});

test("N72: behind a failover the map goes on from where it is", async () => {
  const { world, keys } = await online(["a", 1]);
  world.link.say({ event: "gap", ch: 1, after: 10, until: 10, epoch: "f", reason: "failover" });
  expect([entriesOf(keys), keys.cursor]).toEqual([[["a", 1]], "f:10"]);
  world.link.say([1, 12, ["b", 2]]);
  expect(keys.map.size).toBe(2);
});

test("N72: where the server begins anew by itself, so does the map", async () => {
  const { world, keys } = await online(["a", 1], { prefix: "" }, { view: "v1" });
  await world.reconnect();
  const { connect, id } = await world.shakeHands();
  expect(connect).toMatchObject({ subs: { "keys/a": { cursor: "e:10", view: "v1" } } });
  const subs = { "keys/a": begun(2, { view: "v2" }) };
  world.link.say({ id, ok: { client: "c", durability: "memory", ping: 25_000, subs } }, [2, 30, ["b", 2]]);
  expect(entriesOf(keys)).toEqual([["b", 2]]);
});

test("N71: keys are any text", async () => {
  const { world, keys } = await online(["10", 1, "9", 2, "__proto__", { x: 1 }, "constructor", 3]);
  expect([...keys.map.keys()]).toEqual(["10", "9", "__proto__", "constructor"]);
  unwatched(keys.set("__proto__", { __proto__: null, y: 2 }));
  const [publish] = await commands(world, "publish");
  expect(JSON.stringify(publish?.["data"])).toBe('{"set":{"__proto__":{"y":2}}}');
  expect(keys.map.get("__proto__")).toEqual({ y: 2 });
  expect(keys.map.get("toString")).toBeUndefined();
});

test("N71 and N72: over polls it goes on from one to the next, and is told anew where one begins at 0", async () => {
  const world = new World({ transports: ["poll"] });
  const { keys } = setup({}, world);
  const subscribed = collect<unknown>();
  keys.on("subscribed", subscribed.add);
  await world.online({ "keys/a": begun(1) }, [
    [1, 10, ["a", 1], { part: 0, more: true }],
    [1, 10, ["b", 2], { part: 1 }],
  ]);
  const poll = async (cursor: string, ...lines: unknown[]): Promise<unknown> => {
    world.link.over();
    const [command] = await commands(world, "connect");
    const subs = { "keys/a": begun(1, { cursor }) };
    const ok = { client: "c", durability: "memory", ping: 25_000, subs };
    world.link.say({ id: command?.id, ok }, ...lines);
    await world.settle();
    return command?.["connect"];
  };
  expect(await poll("e:10", [1, 12, ["a", 3]])).toMatchObject({ subs: { "keys/a": { cursor: "e:10" } } });
  // One that was cut off in the middle of a message.
  expect(await poll("e:12", [1, 14, ["a", 9], { part: 0, more: true }])).toMatchObject({
    subs: { "keys/a": { cursor: "e:12" } },
  });
  expect(entriesOf(keys)).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
  expect(subscribed.all).toHaveLength(1);
  expect(await poll("e:0", [1, 14, ["c", 1]])).toMatchObject({ subs: { "keys/a": { cursor: "e:12" } } });
  expect([entriesOf(keys), keys.cursor]).toEqual([[["c", 1]], "e:14"]);
});

test("N73: changes are told once a frame, and never twice", async () => {
  const { world, page, keys } = await online(["a", 1]);
  await world.settle();
  page.paints = true;
  const changes = collect<Changes>();
  const a = collect<unknown>();
  const sizes = collect<unknown>();
  keys.on("changes", changes.add);
  const off = keys.subscribeKey("a", a.add);
  keys.subscribe(
    (map) => map.size,
    (size, before) => sizes.add([before, size]),
  );
  world.link.say([1, 11, ["a", 2, "b", 1]]);
  world.link.say([1, 12, ["a", 3]]);
  await world.settle();
  expect([changes.all, keys.map.get("a")]).toEqual([[], 3]);
  page.paint();
  expect(changes.all).toEqual([{ changed: new Set(["a", "b"]), full: false }]);
  expect([a.all, sizes.all]).toEqual([[3], [[1, 2]]]);
  off();
  world.link.say([1, 13, ["b", 2], { del: ["a"] }]);
  // A page that stops painting is told all the same.
  await world.pass(1000);
  page.paint();
  expect(changes.all).toHaveLength(2);
  expect([a.all, sizes.all]).toEqual([
    [3],
    [
      [1, 2],
      [2, 1],
    ],
  ]);
});

test("N73: a listener that throws stops nothing, and is reported", async () => {
  const { world, keys } = await online(["a", 1]);
  const a = collect<unknown>();
  keys.subscribeKey("a", () => {
    throw new Error("oops");
  });
  keys.subscribeKey("a", a.add);
  world.link.say([1, 11, ["a", 2]]);
  await world.settle();
  expect(a.all).toEqual([2]);
  expect(world.reports).toMatchObject([{ code: "handler_failed" }]);
});

test("N71: a subscription that is refused, ended or closed says so", async () => {
  const { world, keys, open } = setup();
  const forbidden = { error: { code: "forbidden", message: "no", retry: false } };
  const errors = collect<unknown>();
  keys.on("error", errors.add);
  await world.online({ "keys/a": forbidden });
  expect((await rejection(keys.ready)).code).toBe("forbidden");
  expect(errors.all).toMatchObject([{ code: "forbidden" }]);
  const second = open();
  const [command] = await commands(world, "subscribe");
  world.link.say({ id: command?.id, ok: begun(3) }, [3, 10, ["a", 1]]);
  await second.ready;
  expect(keys.map.get("a")).toBe(1);
  const ended = collect<unknown>();
  second.on("unsubscribed", ended.add);
  world.link.say({ event: "unsubscribed", ch: 3, code: "forbidden", message: "gone" });
  expect(ended.all).toMatchObject([{ code: "forbidden", message: "gone" }]);
  const third = open();
  third.close();
  expect((await rejection(third.ready)).code).toBe("closed");
  expect((await rejection(third.set("a", 1))).code).toBe("closed");
});

test("N71: another kind on the channel is wrong_kind", async () => {
  const { world, open, keys } = await online(["a", 1]);
  expect(() => world.client.stream("keys/a")).toThrow(expect.objectContaining({ code: "wrong_kind" }));
  keys.close();
  await world.settle();
  world.client.stream("keys/a");
  expect(() => open()).toThrow(expect.objectContaining({ code: "wrong_kind" }));
});
