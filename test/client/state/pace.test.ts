import { expect, test } from "vitest";
import { World } from "../world.js";
import { begun, commands, entriesOf, online, setup } from "./support.js";

/** So many characters of keys and values. */
const large = (key: string, size: number): [string, string] => [key, "x".repeat(size)];

test("N79: what has come and been shown is acknowledged, at the latest after a second", async () => {
  const { world } = await online(["a", 1], {}, { window: 4096 });
  expect(await commands(world, "ack")).toEqual([]);
  await world.pass(999);
  expect(await commands(world, "ack")).toEqual([]);
  await world.pass(1);
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 1 }]);
  world.link.say([1, 12, ["a", 2]], [1, 13], [1, 14, ["a", 3]]);
  await world.pass(1000);
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 4 }]);
  await world.pass(10_000);
  expect(await commands(world, "ack")).toEqual([]);
});

test("N79: half a window is acknowledged at once: parts when they have come, the last when it is shown", async () => {
  const { world, page } = await online(["a", 1], {}, { window: 4096 });
  page.paints = true;
  world.link.say([1, 12, large("b", 2500), { part: 0, more: true }]);
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 2 }]);
  world.link.say([1, 12, large("c", 2500), { part: 1 }]);
  world.link.say([1, 13, large("c", 2500), { part: 0, more: true }]);
  expect(await commands(world, "ack")).toEqual([]);
  page.paint();
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 4 }]);
});

test("N79: a page that does not paint holds the server up for a second at most", async () => {
  const { world, page } = await online(["a", 1], {}, { window: 4096 });
  page.paints = true;
  world.link.say([1, 12, large("b", 5000)]);
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 1 }]);
  await world.pass(900);
  expect(await commands(world, "ack")).toEqual([]);
  await world.pass(100);
  expect(await commands(world, "ack")).toEqual([{ ack: 1, n: 2 }]);
});

test("N79: lines are counted anew on each connection, and not where the server does not want to know", async () => {
  const { world } = await online(["a", 1], {}, { window: 4096 });
  world.link.say([1, 12, ["b", 1]], [1, 13, ["b", 2]]);
  await world.reconnect();
  await world.online({ "keys/a": begun(6, { cursor: "e:13", window: 4096 }) }, [[6, 14, ["b", 3]]]);
  await world.pass(1000);
  expect(await commands(world, "ack")).toEqual([{ ack: 6, n: 1 }]);
  await world.reconnect();
  await world.online({ "keys/a": begun(7, { cursor: "e:14" }) }, [[7, 15, large("b", 9000)]]);
  await world.pass(5000);
  expect(await commands(world, "ack")).toEqual([]);
});

test("N79: over HTTP there is no window, and nothing to acknowledge", async () => {
  const world = new World({ transports: ["stream"] });
  const { keys } = setup({ rate: 5 }, world);
  const command = await world.online({ "keys/a": begun(1) }, [[1, 10, ["a", 1]]]);
  expect(command["connect"]).toEqual({
    publisher: expect.any(String),
    subs: { "keys/a": { kind: "state", rate: 5 } },
  });
  world.link.say([1, 12, large("b", 200_000)]);
  await world.pass(5000);
  expect(await commands(world, "ack")).toEqual([]);
  // Another rate is another request, which goes on from where it is.
  keys.tune({ rate: 20 });
  const [again] = await commands(world, "connect");
  expect(again?.["connect"]).toMatchObject({ subs: { "keys/a": { rate: 20, cursor: "e:12" } } });
});

test("N80: the rate is that of the most demanding handle, and tuned in place", async () => {
  const { world, keys, open } = await online(["a", 1], { rate: 5 });
  keys.tune({ rate: 2 });
  const [first] = await commands(world, "tune");
  expect(first).toEqual({ id: expect.any(Number), tune: "keys/a", rate: 2 });
  // The newest wish counts when the one before is answered.
  keys.tune({ rate: 1 });
  const fast = open({ rate: 20 });
  expect(await commands(world, "tune")).toEqual([]);
  world.link.say({ id: first?.id, ok: { rate: 2 } });
  const [second] = await commands(world, "tune");
  expect(second).toMatchObject({ rate: 20 });
  world.link.say({ id: second?.id, ok: { rate: 20 } });
  fast.tune({});
  const [third] = await commands(world, "tune");
  expect(third).toMatchObject({ rate: null });
  world.link.say({ id: third?.id, ok: {} });
  fast.close();
  expect(await commands(world, "tune")).toMatchObject([{ rate: 1 }]);
});

test("N80: where it cannot be tuned, the channel is subscribed again, from where it is", async () => {
  const { world, keys } = await online(["a", 1], { rate: 5 });
  keys.pause();
  const [tune] = await commands(world, "tune");
  world.link.say({ id: tune?.id, error: { code: "unknown_command", message: "", retry: false } });
  expect(await commands(world, "id")).toMatchObject([
    { unsubscribe: "keys/a" },
    { subscribe: "keys/a", rate: 0, cursor: "e:10" },
  ]);
});

test("N80: paused, nothing comes; resumed, what has changed comes as one message", async () => {
  const { world, keys } = await online(["a", 1]);
  keys.pause();
  const [pause] = await commands(world, "tune");
  expect(pause).toMatchObject({ rate: 0 });
  world.link.say({ id: pause?.id, ok: { rate: 0 } });
  keys.resume();
  expect(await commands(world, "tune")).toMatchObject([{ rate: null }]);
  world.link.say([1, 20, ["a", 4], { merged: 3 }]);
  expect([entriesOf(keys), keys.lag.merged]).toEqual([[["a", 4]], 3]);
});

test("N80: a page that nobody sees pauses by itself, unless it is to keep on", async () => {
  const { world, page, open } = await online(["a", 1]);
  page.hide(true);
  const [pause] = await commands(world, "tune");
  expect(pause).toMatchObject({ rate: 0 });
  world.link.say({ id: pause?.id, ok: { rate: 0 } });
  const kept = open({ whenHidden: "keep", rate: 1 });
  const [keep] = await commands(world, "tune");
  expect(keep).toMatchObject({ rate: 1 });
  world.link.say({ id: keep?.id, ok: { rate: 1 } });
  kept.close();
  const [again] = await commands(world, "tune");
  world.link.say({ id: again?.id, ok: { rate: 0 } });
  page.hide(false);
  expect(await commands(world, "tune")).toMatchObject([{ rate: null }]);
});

test("N80: also a page that nobody has seen yet gets its first map", async () => {
  const { world, page, keys } = setup({ rate: 5 });
  page.isHidden = true;
  const { connect, id } = await world.shakeHands();
  expect(connect).toMatchObject({ subs: { "keys/a": { rate: 5 } } });
  const subs = { "keys/a": begun(1, { rate: 5 }) };
  world.link.say({ id, ok: { client: "c", durability: "memory", ping: 25_000, subs } });
  expect(await commands(world, "tune")).toEqual([]);
  world.link.say([1, 10, ["a", 1]]);
  await keys.ready;
  expect(await commands(world, "tune")).toMatchObject([{ rate: 0 }]);
});

test("N81: lag says how old the newest message was, and what it stood for", async () => {
  const { world, keys } = await online([]);
  const now = (world.clock.now() - Date.UTC(2020, 0, 1)) * 4096;
  await world.pass(250);
  world.link.say([1, now, ["a", 1, "b", 2], { del: ["c"] }]);
  expect(keys.lag).toEqual({ merged: 3, age: 250, behind: false });
  // One from a server whose clock is ahead is not younger than now.
  world.link.say([1, now + 4096 * 60_000, ["a", 1], { merged: 9 }]);
  expect(keys.lag).toEqual({ merged: 9, age: 0, behind: false });
});
