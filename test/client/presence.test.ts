import { expect, test } from "vitest";
import type { Member } from "tidemark/client";
import { World, collect, streamAt } from "./world.js";

const member = (id: string, data?: unknown): Member => (data === undefined ? { id } : { id, data });
const list = (version: number, ...ids: string[]) => ({
  members: ids.map((id) => member(id)),
  version,
  total: ids.length,
});

/** A client on a channel with presence that has been told `first`. */
async function present(first: object) {
  const world = new World();
  const chat = world.client.stream("a");
  const told = collect<unknown>();
  for (const name of ["join", "leave", "members"] as const) {
    chat.on(name, (members) => told.add([name, members.map(({ id }) => id)]));
  }
  await world.online({ a: streamAt(1, 0, { presence: true }) });
  const [ask] = world.link.take();
  expect(ask).toEqual({ id: expect.any(Number), members: "a" });
  world.link.say({ id: ask?.id, ok: first });
  const event = (name: string, version: number, ...ids: string[]) =>
    world.link.say({ event: name, ch: 1, version, members: ids.map((id) => member(id)) });
  return { world, chat, told, event };
}

test("members are asked for where there is presence, and only there", async () => {
  const { chat, told } = await present(list(3, "ann", "bob"));
  expect(chat.members).toEqual([{ id: "ann" }, { id: "bob" }]);
  expect(chat.memberCount).toBe(2);
  expect(told.all).toEqual([
    ["join", ["ann", "bob"]],
    ["members", ["ann", "bob"]],
  ]);
  const world = new World();
  world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  expect(world.link.take()).toEqual([]);
});

test("joins and leaves are applied, in batches, in the order of their versions", async () => {
  const { chat, told, event } = await present(list(3, "ann"));
  told.all.length = 0;
  const before = chat.members;
  event("join", 4, "bob", "cay");
  event("leave", 5, "ann");
  event("leave", 4, "bob");
  expect(before).toEqual([{ id: "ann" }]);
  expect(chat.members).toBe(chat.members);
  expect(chat.members).toEqual([{ id: "bob" }, { id: "cay" }]);
  expect(told.all).toEqual([
    ["join", ["bob", "cay"]],
    ["members", ["ann", "bob", "cay"]],
    ["leave", ["ann"]],
    ["members", ["bob", "cay"]],
  ]);
});

test("N17: a hole in the versions asks for the list, and tells the difference", async () => {
  const { world, chat, told, event } = await present(list(3, "ann", "bob"));
  told.all.length = 0;
  event("join", 5, "eve");
  await world.settle();
  const [ask] = world.link.take();
  expect(ask).toMatchObject({ members: "a" });
  event("join", 6, "fay");
  event("leave", 7, "bob");
  expect(told.all).toEqual([]);
  world.link.say({ id: ask?.id, ok: list(6, "bob", "eve", "fay") });
  expect(chat.members.map(({ id }) => id)).toEqual(["eve", "fay"]);
  expect(told.all).toEqual([
    ["leave", ["ann"]],
    ["join", ["eve", "fay"]],
    ["members", ["bob", "eve", "fay"]],
    ["leave", ["bob"]],
    ["members", ["eve", "fay"]],
  ]);
  expect(world.link.take()).toEqual([]);
});

test("a server that had no room for the changes is asked for the list", async () => {
  const { world } = await present(list(3, "ann"));
  world.link.say({ event: "members", ch: 1, version: 9 });
  await world.settle();
  expect(world.link.take()).toMatchObject([{ members: "a" }]);
});

test("more changes than can be kept while the list is on its way lead to asking again", async () => {
  const { world, chat, event } = await present(list(0));
  world.link.say({ event: "members", ch: 1, version: 1 });
  await world.settle();
  const [ask] = world.link.take();
  for (let version = 2; version <= 400; version++) event("join", version, `m${version}`);
  world.link.say({ id: ask?.id, ok: list(1) });
  await world.settle();
  const [again] = world.link.take();
  world.link.say({ id: again?.id, ok: list(400, "everyone") });
  expect(chat.members).toEqual([{ id: "everyone" }]);
});

test("N17, M8: after a reconnect the list is asked for again, and only what changed is told", async () => {
  const { world, chat, told } = await present(list(3, "ann", "bob"));
  told.all.length = 0;
  await world.reconnect();
  expect(chat.members).toHaveLength(2);
  await world.online({ a: streamAt(2, 0, { presence: true }) });
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, ok: list(1, "bob", "cay") });
  expect(told.all).toEqual([
    ["leave", ["ann"]],
    ["join", ["cay"]],
    ["members", ["bob", "cay"]],
  ]);
});

test("a list that is cut short says how many there are, and is not taken for people leaving", async () => {
  const { world, chat, told, event } = await present({ ...list(3, "ann", "bob"), total: 5000 });
  expect(chat.memberCount).toBe(5000);
  event("leave", 4, "zoe");
  expect(chat.memberCount).toBe(4999);
  told.all.length = 0;
  world.link.say({ event: "members", ch: 1, version: 9 });
  await world.settle();
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, ok: { ...list(9, "cay", "dan"), total: 4998 } });
  expect(told.all).toEqual([["members", ["cay", "dan"]]]);
});

test("members refused for the moment are asked for again, refused for good they are an error", async () => {
  const { world, chat } = await present(list(3, "ann"));
  const errors = collect<unknown>();
  chat.on("error", errors.add);
  world.link.say({ event: "members", ch: 1, version: 9 });
  await world.settle();
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, error: { code: "unavailable", message: "", retry: true, after: 50 } });
  await world.pass(49);
  expect(world.link.take()).toEqual([]);
  await world.pass(301);
  const [again] = world.link.take();
  expect(again).toMatchObject({ members: "a" });
  world.link.say({ id: again?.id, error: { code: "forbidden", message: "", retry: false } });
  expect(errors.all).toMatchObject([{ code: "forbidden", channel: "a" }]);
});

test("a member who shows other data now keeps its place", async () => {
  const { world, chat, told } = await present(list(3, "ann", "bob"));
  told.all.length = 0;
  const updated: (readonly Member[])[] = [];
  chat.on("update", (members) => updated.push(members));
  world.link.say({ event: "update", ch: 1, version: 4, members: [member("ann", { away: true })] });
  expect(chat.members).toEqual([member("ann", { away: true }), member("bob")]);
  expect(chat.memberCount).toBe(2);
  expect(updated).toEqual([[member("ann", { away: true })]]);
  expect(told.all).toEqual([["members", ["ann", "bob"]]]);
  expect(world.link.take()).toEqual([]);
});

test("N17: a list without a version came on another connection: every change since then is applied", async () => {
  const { chat, told, event } = await present({ members: [member("ann"), member("bob")], total: 2 });
  told.all.length = 0;
  // The list was ahead of the first two, and behind the others.
  event("join", 7, "bob");
  event("leave", 8, "dan");
  event("leave", 9, "ann");
  event("join", 10, "cay");
  expect(chat.members).toEqual([{ id: "bob" }, { id: "cay" }]);
  expect(chat.memberCount).toBe(2);
  expect(told.all).toEqual([
    ["leave", ["ann"]],
    ["members", ["bob"]],
    ["join", ["cay"]],
    ["members", ["bob", "cay"]],
  ]);
});
