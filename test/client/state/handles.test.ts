import { expect, test } from "vitest";
import { rejection } from "../world.js";
import { begun, commands, entriesOf, online, setup } from "./support.js";

test("N74: handles of one channel share its subscription, and each sees its own keys", async () => {
  const { world, open, keys } = await online(["a-1", 1, "b-1", 2]);
  const some = open({ prefix: "a-" });
  const listed = open({ keys: ["b-1", "c"] });
  await Promise.all([some.ready, listed.ready]);
  expect(await commands(world, "subscribe")).toEqual([]);
  world.link.say([1, 11, ["a-2", 3, "c", 4]]);
  expect([...some.map.keys()]).toEqual(["a-1", "a-2"]);
  expect([...listed.map.values()]).toEqual([2, 4]);
  expect([some.map.size, listed.map.has("a-1"), some.map.get("c")]).toEqual([2, false, undefined]);
  expect(keys.map.size).toBe(4);
  const seen: string[] = [];
  some.map.forEach((value, key, map) => seen.push(`${key}=${String(value)} of ${map.size}`));
  expect(seen).toEqual(["a-1=1 of 2", "a-2=3 of 2"]);
});

test("N74: a handle that wants more has the channel subscribed anew; the map stays until that is there", async () => {
  const { world, keys, open } = await online(["a-1", 1], { prefix: "a-" }, { view: "v1" });
  const all = open();
  const sent = await commands(world, "id");
  expect(sent).toMatchObject([{ unsubscribe: "keys/a" }, { subscribe: "keys/a", kind: "state" }]);
  // Where it is with what it saw of it, so that it gets nothing older than that.
  const { id, ...asked } = sent[1] ?? {};
  expect(asked).toEqual({
    subscribe: "keys/a",
    kind: "state",
    cursor: "e:10",
    view: "v1",
    window: expect.any(Number),
  });
  // What was on its way of the old one is nobody's.
  world.link.say({ id: sent[0]?.id, ok: {} }, [1, 11, ["a-1", 7]], { id, ok: begun(2) });
  let isReady = false;
  void all.ready.then(() => (isReady = true));
  await world.settle();
  expect([isReady, entriesOf(keys), keys.cursor]).toEqual([false, [["a-1", 1]], "e:10"]);
  world.link.say([2, 12, ["a-1", 8, "b", 1]]);
  await all.ready;
  expect([entriesOf(keys), all.map.size]).toEqual([[["a-1", 8]], 2]);
});

test("N74: cut off before all has come, it comes back with what it shows", async () => {
  const { world, open } = await online(["a-1", 1], { prefix: "a-" }, { view: "v1" });
  open({ prefix: "" });
  const [, sent] = await commands(world, "id");
  world.link.say({ id: sent?.id, ok: begun(2) });
  await world.reconnect();
  const { connect, id } = await world.shakeHands();
  expect(connect).toMatchObject({ subs: { "keys/a": { cursor: "e:10", view: "v1" } } });
  expect(connect).not.toMatchObject({ subs: { "keys/a": { prefix: "a-" } } });
  expect(id).toBeDefined();
});

test("N74: one that wants more, and may see no more, has what there is", async () => {
  const { world, open } = await online(["a-1", 1], { prefix: "a-" }, { view: "v1" });
  const all = open();
  const [, sent] = await commands(world, "id");
  world.link.say({ id: sent?.id, ok: { ...begun(2), cursor: "e:10", view: "v1" } });
  await all.ready;
  expect(entriesOf(all)).toEqual([["a-1", 1]]);
  expect(all.lag.behind).toBe(false);
});

test("N74: one that wants more while the channel is being asked for gets it", async () => {
  const { world, open } = setup({ keys: ["a"] });
  const { id } = await world.shakeHands();
  const more = open({ keys: ["b"] });
  const subs = { "keys/a": begun(1) };
  world.link.say({ id, ok: { client: "c", durability: "memory", ping: 25_000, subs } }, [1, 10, ["a", 1]]);
  const sent = await commands(world, "subscribe");
  expect(sent).toMatchObject([{ keys: ["a", "b"] }]);
  world.link.say({ id: sent[0]?.id, ok: begun(2) }, [2, 10, ["a", 1, "b", 2]]);
  await more.ready;
  expect(entriesOf(more)).toEqual([["b", 2]]);
});

test("N74: over one connection and the next, what all want is asked for", async () => {
  const { world, open } = await online(["a", 1], { keys: ["a"], rate: 1 }, { view: "v" });
  open({ keys: ["a"], rate: 20 });
  expect(await commands(world, "tune")).toMatchObject([{ tune: "keys/a", rate: 20 }]);
  await world.reconnect();
  const { connect } = await world.shakeHands();
  expect(connect).toMatchObject({
    subs: { "keys/a": { keys: ["a"], rate: 20, view: "v", cursor: "e:10" } },
  });
});

test("N74: the subscription ends with its last handle; one opened in the same turn keeps it", async () => {
  const { world, page, keys, open } = await online(["a", 1]);
  keys.close();
  const next = open();
  await next.ready;
  expect(await commands(world, "id")).toEqual([]);
  expect(entriesOf(next)).toEqual([["a", 1]]);
  next.close();
  next.close();
  expect(await commands(world, "id")).toMatchObject([{ unsubscribe: "keys/a" }]);
  expect(page.listeners).toBe(0);
  const last = open();
  expect(await commands(world, "id")).toMatchObject([{ subscribe: "keys/a" }]);
  expect(last.map.size).toBe(0);
});

test("N74: what is no filter, rate or window is refused at once", async () => {
  const { open, keys } = await online();
  const invalid = expect.objectContaining({ code: "invalid" });
  const many = Array.from({ length: 1001 }, (_, i) => `k${i}`);
  for (const options of [
    { keys: [] },
    { keys: many },
    { keys: ["x".repeat(20_000)] },
    { prefix: "a", keys: ["a"] },
    { rate: -1 },
    { rate: Number.NaN },
    { window: 10 },
  ])
    expect(() => open(options), JSON.stringify(options)).toThrow(invalid);
  expect(() => keys.tune({ rate: -3 })).toThrow(invalid);
  expect(await rejection(keys.set("a", undefined))).toMatchObject({ code: "invalid" });
  expect(await rejection(keys.set("a", 1n))).toMatchObject({ code: "invalid" });
  expect(await rejection(keys.merge("a", [1]))).toMatchObject({ code: "invalid" });
  expect(keys.map.size).toBe(0);
});
