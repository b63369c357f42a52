import { expect, test } from "vitest";
import { isConflict, type ConflictError } from "tidemark/state";
import { collect, outcome, rejection } from "../world.js";
import { begun, commands, entriesOf, online, unwatched } from "./support.js";

test("N75: a write is shown at once, until what the server tells has come to its place", async () => {
  const { world, keys } = await online(["a", 1]);
  const value = { n: 2 };
  const set = keys.set("a", value, { ttl: 5000 });
  value.n = 99;
  expect(keys.map.get("a")).toEqual({ n: 2 });
  const [publish] = await commands(world, "publish");
  expect(publish).toMatchObject({
    publish: "keys/a",
    data: { set: { a: { n: 2 } }, ttl: 5000 },
    idem: 1,
    first: true,
  });
  world.link.say({ id: publish?.id, ok: { cursor: "e:14" } });
  expect(await set).toEqual({ cursor: "e:14", same: false });
  world.link.say([1, 13, ["a", 7]]);
  expect(keys.map.get("a")).toEqual({ n: 2 });
  world.link.say([1, 15, ["a", 8]]);
  expect(keys.map.get("a")).toBe(8);
});

test("N75: one that was told before it was answered is over with the answer", async () => {
  const { world, keys } = await online(["a", 1]);
  unwatched(keys.set("a", 2));
  const [publish] = await commands(world, "publish");
  world.link.say([1, 15, ["a", 3]]);
  expect(keys.map.get("a")).toBe(2);
  world.link.say({ id: publish?.id, ok: { cursor: "e:14", same: true } });
  await world.settle();
  expect(keys.map.get("a")).toBe(3);
});

test("N73: a write that comes back as it was shown is told once", async () => {
  const { world, keys } = await online(["a", { n: 1 }]);
  const told = collect<unknown>();
  keys.subscribeKey("a", told.add);
  unwatched(keys.set("a", { n: 2 }));
  const [publish] = await commands(world, "publish");
  const shown = keys.map.get("a");
  world.link.say({ id: publish?.id, ok: { cursor: "e:14" } }, [1, 14, ["a", { n: 2 }]]);
  await world.settle();
  expect(told.all).toEqual([{ n: 2 }]);
  expect(keys.map.get("a")).toBe(shown);
});

test("N75: several writes lie over each other in their order, merges and deletions too", async () => {
  const { world, keys } = await online(["a", { x: 1, y: 1 }, "b", 1]);
  const merge = outcome(keys.merge("a", { y: null, z: 2 }));
  unwatched(keys.merge("n", { q: 1, r: null }));
  unwatched(keys.delete("b"));
  unwatched(keys.merge("a", { x: 5 }));
  expect(entriesOf(keys)).toEqual([
    ["a", { x: 5, z: 2 }],
    ["n", { q: 1 }],
  ]);
  const [first, ...others] = await commands(world, "publish");
  expect([first, ...others].map((command) => command?.["data"])).toEqual([
    { merge: { a: { y: null, z: 2 } } },
    { merge: { n: { q: 1, r: null } } },
    { delete: ["b"] },
    { merge: { a: { x: 5 } } },
  ]);
  // Refused, it is taken back, and the others stay over what there is.
  world.link.say({ id: first?.id, error: { code: "invalid", message: "no", retry: false } });
  await world.settle();
  expect(merge.value).toBe("invalid");
  expect(keys.map.get("a")).toEqual({ x: 5, y: 1 });
});

test("N75: where the log is another one, what was written in the old one is not waited for", async () => {
  const { world, keys } = await online(["a", 1]);
  unwatched(keys.set("a", 2));
  unwatched(keys.set("b", 2));
  const [a, b] = await commands(world, "publish");
  world.link.say({ id: a?.id, ok: { cursor: "e:14" } });
  await world.settle();
  world.link.say({ event: "gap", ch: 1, after: 10, until: 10, epoch: "f", reason: "failover" });
  expect([keys.map.get("a"), keys.map.get("b")]).toEqual([1, 2]);
  // An answer from the old log, late.
  world.link.say({ id: b?.id, ok: { cursor: "e:15" } });
  await world.settle();
  expect(entriesOf(keys)).toEqual([["a", 1]]);
});

test("N76: offline, writes are shown, and sent in their order", async () => {
  const { world, keys } = await online(["a", 1]);
  world.link.cut();
  unwatched(keys.set("a", 2));
  unwatched(keys.change({ set: { b: 1 }, if: { keys: ["c"] } }));
  expect(entriesOf(keys)).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  await world.pass(300);
  await world.online({ "keys/a": begun(2, { cursor: "e:10" }) });
  const sent = await commands(world, "publish");
  expect(sent.map(({ data }) => data)).toEqual([
    { set: { a: 2 } },
    { set: { b: 1 }, if: { since: "e:10", keys: ["c"] } },
  ]);
});

test("N76: a condition that fails rejects with what there is, and takes the value back", async () => {
  const { world, keys } = await online(["a", 1]);
  const change = keys.change({ set: { a: 2 }, if: { keys: ["a"], absent: ["b"] } });
  expect(keys.map.get("a")).toBe(2);
  const [publish] = await commands(world, "publish");
  expect(publish?.["data"]).toEqual({ set: { a: 2 }, if: { since: "e:10", keys: ["a"], absent: ["b"] } });
  const now = JSON.parse('{"a":5,"b":null,"__proto__":{"x":1}}') as object;
  const error = { code: "conflict", message: "a has changed", retry: false, cursor: "e:20", now };
  world.link.say({ id: publish?.id, error });
  const thrown = await rejection(change);
  expect(isConflict(thrown)).toBe(true);
  expect((thrown as ConflictError).cursor).toBe("e:20");
  expect([...(thrown as ConflictError).now]).toEqual([
    ["a", 5],
    ["b", undefined],
    ["__proto__", { x: 1 }],
  ]);
  expect(keys.map.get("a")).toBe(1);
});

test("N77: a condition on a key that this client has changed waits until that is told, with what shares a key", async () => {
  const { world, keys } = await online(["a", 1]);
  unwatched(keys.set("a", 2));
  unwatched(keys.change({ set: { a: 3 }, if: { keys: ["a"] } }));
  unwatched(keys.set("a", 4));
  unwatched(keys.set("other", 1));
  expect(keys.map.get("a")).toBe(4);
  const [set, other] = await commands(world, "publish");
  expect([set?.["data"], other?.["data"]]).toEqual([{ set: { a: 2 } }, { set: { other: 1 } }]);
  world.link.say({ id: set?.id, ok: { cursor: "e:14" } });
  expect(await commands(world, "publish")).toEqual([]);
  world.link.say([1, 14, ["a", 2]]);
  const sent = await commands(world, "publish");
  expect(sent.map(({ data }) => data)).toEqual([
    { set: { a: 3 }, if: { since: "e:14", keys: ["a"] } },
    { set: { a: 4 } },
  ]);
});

test("N77: where it has changed by then, it is refused as the server would", async () => {
  const { world, keys } = await online(["a", 1]);
  unwatched(keys.set("a", 2));
  const change = rejection(keys.change({ set: { a: 3 }, if: { keys: ["a"] } }));
  const [set] = await commands(world, "publish");
  world.link.say({ id: set?.id, ok: { cursor: "e:14" } }, [1, 16, ["a", 9]]);
  const thrown = (await change) as ConflictError;
  expect([thrown.code, thrown.cursor, thrown.now.get("a")]).toEqual(["conflict", "e:16", 9]);
  expect(await commands(world, "publish")).toEqual([]);
  expect(keys.map.get("a")).toBe(9);
});

test("N77: while one waits, the server tells also who is paused", async () => {
  const { world, keys } = await online(["a", 1]);
  keys.pause();
  const [pause] = await commands(world, "tune");
  expect(pause).toMatchObject({ rate: 0 });
  world.link.say({ id: pause?.id, ok: { rate: 0 } });
  await world.settle();
  unwatched(keys.set("a", 2));
  unwatched(keys.change({ set: { a: 3 }, if: { keys: ["a"] } }));
  const sent = await commands(world, "id");
  expect(sent).toMatchObject([{ publish: "keys/a" }, { tune: "keys/a", rate: null }]);
});

test("N78: update sets what it makes of what there is, and tries again where that has changed", async () => {
  const { world, keys } = await online(["n", 1]);
  const seen: unknown[] = [];
  const update = keys.update("n", (value) => {
    seen.push(value);
    return (value as number) + 1;
  });
  expect(keys.map.get("n")).toBe(2);
  const [first] = await commands(world, "publish");
  expect(first?.["data"]).toEqual({ set: { n: 2 }, if: { since: "e:10", keys: ["n"] } });
  const conflict = { code: "conflict", message: "", retry: false, cursor: "e:20", now: { n: 7 } };
  world.link.say({ id: first?.id, error: conflict });
  const [second] = await commands(world, "publish");
  expect(second?.["data"]).toEqual({ set: { n: 8 }, if: { since: "e:20", keys: ["n"] } });
  world.link.say({ id: second?.id, ok: { cursor: "e:21" } });
  expect(await update).toMatchObject({ cursor: "e:21" });
  expect(seen).toEqual([1, 7]);
});

test("N78: it tries ten times at most, and gives up what it cannot know", async () => {
  const { world, keys } = await online(["n", 1]);
  let calls = 0;
  const update = rejection(keys.update("n", () => ++calls));
  for (let i = 1; i <= 10; i++) {
    const [publish] = await commands(world, "publish");
    const now = { n: 100 + i };
    world.link.say({ id: publish?.id, error: { code: "conflict", message: "", cursor: `e:${20 + i}`, now } });
  }
  expect(((await update) as ConflictError).now.get("n")).toBe(110);
  expect([calls, keys.map.get("n")]).toEqual([10, 1]);
  const another = rejection(keys.update("n", () => 5));
  const [publish] = await commands(world, "publish");
  world.link.say({ id: publish?.id, error: { code: "conflict", message: "too much", cursor: "e:40" } });
  expect((await another).message).toBe("too much");
});

test("N78: several at once are made one after the other, each of what the one before made", async () => {
  const { world, keys } = await online(["n", 1]);
  const all = Promise.all([1, 2, 3].map(() => keys.update("n", (value) => (value as number) + 1)));
  expect(keys.map.get("n")).toBe(4);
  let [held, at] = [5, 20];
  // Somebody else was first.
  const [lost] = await commands(world, "publish");
  const conflict = { code: "conflict", message: "", retry: false, cursor: `e:${at}`, now: { n: held } };
  world.link.say({ id: lost?.id, error: conflict }, [1, at, ["n", held]]);
  for (let i = 0; i < 3; i++) {
    const sent = await commands(world, "publish");
    expect(sent.map(({ data }) => data)).toEqual([
      { set: { n: ++held }, if: { since: `e:${at}`, keys: ["n"] } },
    ]);
    at += 2;
    world.link.say({ id: sent[0]?.id, ok: { cursor: `e:${at}` } }, [1, at, ["n", held]]);
  }
  await all;
  expect(keys.map.get("n")).toBe(8);
});

test("N78: before there is a map it waits for one; undefined removes a key", async () => {
  const { world, keys, open } = await online(["n", 1]);
  keys.close();
  await world.settle();
  world.link.take();
  const next = open();
  const update = next.update("n", (value) => (value === 1 ? undefined : "wrong"));
  const [subscribe] = await commands(world, "id");
  world.link.say({ id: subscribe?.id, ok: begun(5) }, [5, 12, ["n", 1]]);
  const [publish] = await commands(world, "publish");
  expect(publish?.["data"]).toEqual({ delete: ["n"], if: { since: "e:12", keys: ["n"] } });
  expect(next.map.has("n")).toBe(false);
  world.link.say({ id: publish?.id, ok: { cursor: "e:13" } });
  await update;
});

test("N77: what waits for a map is given up where there will be none", async () => {
  const { world, keys, open } = await online(["a", 1]);
  unwatched(keys.set("a", 2));
  const waiting = rejection(keys.change({ set: { a: 3 }, if: { keys: ["a"] } }));
  await world.settle();
  world.link.say({ event: "unsubscribed", ch: 1, code: "forbidden", message: "gone" });
  expect((await waiting).code).toBe("forbidden");
  expect(keys.map.get("a")).toBe(2);
  const other = open();
  const later = rejection(other.change({ set: { a: 3 }, if: { keys: ["a"] } }));
  keys.close();
  other.close();
  expect((await later).code).toBe("closed");
});
