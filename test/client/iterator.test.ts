import { expect, test } from "vitest";
import type { Gap, Message } from "tidemark/client";
import { World, collect, rejection, streamAt } from "./world.js";

async function reader(buffer?: number) {
  const world = new World();
  const chat = world.client.stream("a", buffer === undefined ? {} : { buffer });
  const loop = chat[Symbol.asyncIterator]();
  await world.online({ a: streamAt(1, 0) });
  const say = (...offsets: number[]) => {
    for (const offset of offsets) world.link.say([1, offset, `m${offset}`]);
  };
  return { world, chat, loop, say };
}

async function take(loop: AsyncIterator<Message>, count: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(((await loop.next()).value as Message).offset);
  return values;
}

/** Answers the newest history command. */
async function answer(world: World, offsets: number[], more = false, complete = true): Promise<unknown> {
  await world.settle();
  const ask = world.link.take().find((command) => "history" in command);
  const entries = offsets.map((offset) => [offset, `m${offset}`]);
  world.link.say({ id: ask?.id, ok: { entries, complete, more } });
  return ask?.["after"];
}

test("a loop gets every message in order, and ends when the handle is closed", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const seen: unknown[] = [];
  const done = (async () => {
    for await (const message of chat) seen.push(message.data);
    return "ended";
  })();
  await world.online({ a: streamAt(1, 0) }, [[1, 1, "x"]]);
  world.link.say([1, 2, "y"]);
  await world.settle();
  await world.reconnect();
  await world.online({ a: streamAt(2, 2) }, [[2, 3, "z"]]);
  expect(seen).toEqual(["x", "y", "z"]);
  chat.close();
  expect(await done).toBe("ended");
});

test("a loop that is left does not hold messages", async () => {
  const { world, chat, say } = await reader();
  const first = (async () => {
    for await (const message of chat) return message.offset;
    return undefined;
  })();
  await world.settle();
  say(1, 2);
  expect(await first).toBe(1);
});

test("leaving a loop that waits ends it", async () => {
  const { loop } = await reader();
  const next = loop.next();
  expect(await loop.return?.()).toEqual({ done: true, value: undefined });
  expect(await next).toEqual({ done: true, value: undefined });
  expect(await loop.next()).toEqual({ done: true, value: undefined });
});

test("two loops on one handle each get everything", async () => {
  const { chat, loop, say } = await reader();
  const other = chat[Symbol.asyncIterator]();
  say(1, 2);
  expect(await take(loop, 2)).toEqual([1, 2]);
  expect(await take(other, 2)).toEqual([1, 2]);
});

test("several calls of next are served in order", async () => {
  const { loop, say } = await reader();
  const all = Promise.all([loop.next(), loop.next(), loop.next()]);
  say(1, 2, 3);
  expect((await all).map(({ value }) => (value as Message).offset)).toEqual([1, 2, 3]);
});

test("N16: a loop that falls behind reads on from the log, and then goes on live", async () => {
  const { world, loop, say } = await reader(3);
  say(1, 2, 3, 4, 5, 6);
  expect(await take(loop, 3)).toEqual([1, 2, 3]);
  const rest = take(loop, 4);
  await world.settle();
  say(7);
  expect(await answer(world, [4, 5, 6, 7])).toBe(3);
  expect(await rest).toEqual([4, 5, 6, 7]);
  say(8);
  expect(await take(loop, 1)).toEqual([8]);
});

test("messages that come while the log is read are not lost, and not doubled", async () => {
  const { world, loop, say } = await reader(2);
  say(1, 2, 3);
  expect(await take(loop, 2)).toEqual([1, 2]);
  const rest = take(loop, 4);
  await world.settle();
  say(4, 5, 6, 7);
  expect(await answer(world, [3, 4])).toBe(2);
  expect(await answer(world, [6, 7])).toBe(5);
  expect(await rest).toEqual([3, 4, 5, 6]);
  expect(await take(loop, 1)).toEqual([7]);
  say(8);
  expect(await take(loop, 1)).toEqual([8]);
});

test("the log is read in pages", async () => {
  const { world, loop, say } = await reader(1);
  say(1, 2, 3, 4, 5);
  expect(await take(loop, 1)).toEqual([1]);
  const rest = take(loop, 4);
  expect(await answer(world, [2, 3], true)).toBe(1);
  expect(await answer(world, [4, 5])).toBe(3);
  expect(await rest).toEqual([2, 3, 4, 5]);
});

test("what is not in the log any more is a gap", async () => {
  const { world, chat, loop, say } = await reader(1);
  const gaps = collect<Gap>();
  chat.on("gap", gaps.add);
  say(1, 2, 30);
  expect(await take(loop, 1)).toEqual([1]);
  const rest = take(loop, 1);
  await answer(world, [30], false, false);
  expect(await rest).toEqual([30]);
  expect(gaps.all).toEqual([{ after: 1, until: 29, reason: "trimmed" }]);
});

test("on a channel that keeps nothing, what did not fit is a gap", async () => {
  const { world, chat, loop, say } = await reader(1);
  const gaps = collect<Gap>();
  chat.on("gap", gaps.add);
  say(1, 2);
  expect(await take(loop, 1)).toEqual([1]);
  const rest = take(loop, 1);
  await answer(world, []);
  await world.settle();
  say(3);
  expect(await rest).toEqual([3]);
  expect(gaps.all).toEqual([{ after: 1, until: 1, reason: "trimmed" }]);
});

test("N16: a loop that cannot read the log throws overflow, and says what to do", async () => {
  const { world, loop, say } = await reader(1);
  say(1, 2);
  expect(await take(loop, 1)).toEqual([1]);
  const next = rejection(loop.next());
  await world.settle();
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, error: { code: "forbidden", message: "no history", retry: false } });
  expect(await next).toMatchObject({ code: "overflow", message: expect.stringContaining("no history") });
  expect(await loop.next()).toEqual({ done: true, value: undefined });
});

test("N16: by default a loop holds 1,000 messages", async () => {
  const { world, loop, say } = await reader();
  for (let i = 1; i <= 1000; i++) say(i);
  await take(loop, 1000);
  await world.settle();
  expect(world.link.take()).toEqual([]);
  for (let i = 2001; i <= 3001; i++) say(i);
  await take(loop, 1000);
  void loop.next();
  await world.settle();
  expect(world.link.take()).toMatchObject([{ history: "a", after: 3000 }]);
});

test("N16: a loop on a transient channel loses the oldest", async () => {
  const world = new World();
  const typing = world.client.transient("t", { buffer: 2 });
  const loop = typing[Symbol.asyncIterator]();
  await world.online({ t: { ch: 1, kind: "transient" } }, [
    [1, 0, "x"],
    [1, 0, "y"],
    [1, 0, "z"],
  ]);
  expect((await loop.next()).value?.data).toBe("y");
  expect((await loop.next()).value?.data).toBe("z");
});

test("a loop throws when the server refuses or ends the subscription, or the client for good", async () => {
  const refused = new World();
  const chat = refused.client.stream("a");
  const one = rejection(chat[Symbol.asyncIterator]().next());
  await refused.online({ a: { error: { code: "forbidden", message: "", retry: false } } });
  expect((await one).code).toBe("forbidden");
  expect((await rejection(chat[Symbol.asyncIterator]().next())).code).toBe("forbidden");

  const { world, loop } = await reader();
  const two = rejection(loop.next());
  world.link.cut(4502, "bye");
  expect(await two).toMatchObject({ code: "disconnected", message: "bye" });
});

test("a loop gets what it holds before it ends", async () => {
  const { chat, loop, say } = await reader();
  say(1);
  chat.close();
  expect(await take(loop, 1)).toEqual([1]);
  expect((await loop.next()).done).toBe(true);
});
