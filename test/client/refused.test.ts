import { silentLogger, stream, tidemark } from "tidemark";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { World, collect, outcome, rejection, streamAt } from "./world.js";

const no = (code: string) => ({ error: { code, message: "no", retry: false } });

test("N8: a new handle asks again where the last one was refused, and a refusal is told once", async () => {
  const world = new World();
  const told = collect<unknown>();
  const first = world.client.stream("a");
  first.on("error", ({ code }) => told.add(["first", code]));
  await world.online({ a: no("forbidden") });
  expect((await rejection(first.ready)).code).toBe("forbidden");

  const second = world.client.stream("a");
  second.on("error", ({ code }) => told.add(["second", code]));
  await world.settle();
  const [again] = world.link.take();
  expect(again).toMatchObject({ subscribe: "a" });
  world.link.say({ id: again?.id, ...no("forbidden") });
  expect((await rejection(second.ready)).code).toBe("forbidden");
  expect(told.all).toEqual([
    ["first", "forbidden"],
    ["second", "forbidden"],
  ]);

  const third = world.client.stream("a");
  await world.settle();
  const [more] = world.link.take();
  world.link.say({ id: more?.id, ok: streamAt(1, 0) }, [1, 1, "x"]);
  await third.ready;
  await world.settle();
  expect(told.all).toHaveLength(2);
});

test.each(["forbidden", "not_found", "not_a_member"])(
  "N8: after %s a new connection asks once more, and all handles go on when it is allowed then",
  async (code) => {
    const world = new World();
    const got = collect<unknown>();
    const chat = world.client.stream("a");
    chat.on("message", ({ data }) => got.add(data));
    chat.on("subscribed", (how) => got.add(how));
    chat.on("error", (error) => got.add(error.code));
    await world.online({ a: streamAt(1, 3) });
    await world.reconnect();
    await world.online({ a: no(code) });
    await world.pass(30_000);
    expect(world.link.take().filter((command) => "subscribe" in command)).toEqual([]);
    await world.reconnect();
    const refused = await world.online({ a: no(code) });
    expect(refused["connect"]).toMatchObject({ subs: { a: { cursor: "e:3" } } });
    await world.pass(30_000);
    expect(world.link.take().filter((command) => "subscribe" in command)).toEqual([]);
    await world.reconnect();
    await world.online({ a: streamAt(2, 3) }, [[2, 4, "y"]]);
    expect(got.all).toEqual([
      { resumed: false, complete: true },
      code,
      { resumed: true, complete: true },
      "y",
    ]);
    await world.settle();
    const loop = chat[Symbol.asyncIterator]();
    world.link.say([2, 5, "z"]);
    expect((await loop.next()).value).toMatchObject({ data: "z" });
  },
);

test("N8: what the server has ended is not asked for by the next connection, but by a new handle", async () => {
  const world = new World();
  world.client.stream("a");
  await world.online({ a: streamAt(1, 0) });
  world.link.say({ event: "unsubscribed", ch: 1, code: "forbidden", message: "banned" });
  await world.reconnect();
  expect((await world.online())["connect"]).toMatchObject({ subs: {} });
  world.client.stream("a");
  await world.settle();
  expect(world.link.take()).toMatchObject([{ subscribe: "a" }]);
});

test("N34: channels beyond the server's limit come in as soon as others are closed", async () => {
  const app = tidemark({ log: silentLogger, limits: { subscriptions: 100 } }).channels({
    "room/:n": stream(),
  });
  const server = testApp(app);
  onTestFinished(() => server.close());
  const rt = server.connect();
  const handles = Array.from({ length: 130 }, (_, n) => rt.stream("room/:n", { n: String(n) }));
  const told = collect<unknown>();
  for (const handle of handles) handle.on("error", ({ code }) => told.add(code));
  await server.settle();
  const first = handles.map(({ ready }) => outcome(ready));
  await server.pass("1m");
  expect(first.filter(({ value }) => value === "done")).toHaveLength(100);
  expect(told.all).toEqual(Array.from({ length: 30 }, () => "limit_reached"));
  const got = collect<unknown>();
  for (const handle of handles.slice(100)) handle.on("subscribed", () => got.add(handle.name));
  for (const handle of handles.slice(0, 20)) handle.close();
  await server.settle();
  expect(got.all).toEqual(handles.slice(100, 120).map(({ name }) => name));
  for (const handle of handles.slice(20, 60)) handle.close();
  await server.settle();
  expect(got.all).toEqual(handles.slice(100).map(({ name }) => name));
  expect(told.all).toHaveLength(30);
});

test("N34: an unsubscribe that the server had no time for is sent again, and a subscribe that came before it waits", async () => {
  const world = new World();
  const first = world.client.stream("a");
  const other = world.client.stream("b");
  await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) });
  first.close();
  other.close();
  await world.settle();
  const busy = { code: "rate_limited", message: "", retry: true, after: 50 };
  for (const { id } of world.link.take()) world.link.say({ id, error: busy });
  const again = world.client.stream("b");
  await world.settle();
  const [early] = world.link.take();
  world.link.say({ id: early?.id, error: { code: "already_subscribed", message: "", retry: false } });
  await world.pass(3000);
  const sent = world.link.take();
  const about = sent.map((command) => Object.entries(command).flat().slice(2, 4).join(" "));
  expect(about[0]).toBe("unsubscribe b");
  expect(about.toSorted()).toEqual(["subscribe b", "unsubscribe a", "unsubscribe b"]);
  world.link.say(...sent.map(({ id, subscribe }) => ({ id, ok: subscribe ? streamAt(2, 4) : {} })));
  await again.ready;
});
