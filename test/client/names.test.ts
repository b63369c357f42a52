/** One channel, however a client spells its name. With a real server, in memory. */
import { stream, tidemark } from "tidemark";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { quiet } from "../server/support/serve.js";
import { World, collect, streamAt } from "./world.js";

function app() {
  const run = testApp(tidemark(quiet).channels({ "chat/:id": stream({ retain: { count: 100 } }) }));
  onTestFinished(() => run.close());
  return run;
}

const SPELLINGS: readonly (readonly [string, string])[] = [
  ["café", "chat/café"],
  ["café", "chat/caf%c3%a9"],
  ["café", "ch%61t/c%61f%C3%A9"],
  ["a b", "chat/a b"],
  ["a/b", "chat/a%2fb"],
  ["a@b:c", "chat/a@b:c"],
];

test.each(SPELLINGS)(
  "N27: of a channel's spellings, {id: %j} and %j, each acknowledged publish is in the log",
  async (id, name) => {
    const run = app();
    const rt = run.connect();
    const a = rt.stream("chat/:id", { id });
    const c = rt.stream(name as "chat/general");
    const [heardA, heardC] = [collect<unknown>(), collect<unknown>()];
    a.on("message", ({ data }) => heardA.add(data));
    c.on("message", ({ data }) => heardC.add(data));
    await Promise.all([a.ready, c.ready]);
    const offsets = [];
    for (const [handle, text] of [
      [a, "1"],
      [c, "1"],
      [a, "2"],
      [c, "3"],
    ] as const)
      offsets.push((await handle.publish(text)).offset);
    expect(new Set(offsets).size).toBe(4);
    await run.settle();
    expect(heardA.all).toEqual(["1", "1", "2", "3"]);
    expect(heardC.all).toEqual(heardA.all);
    expect((await a.history()).messages.map(({ data }) => data)).toEqual(heardA.all);
  },
);

test("N27: a handle closed and another one opened by another spelling go on with one row of numbers", async () => {
  const run = app();
  const rt = run.connect();
  const a = rt.stream("chat/café");
  await a.publish("hi");
  a.close();
  await run.settle();
  const b = rt.stream("chat/:id", { id: "café" });
  await b.publish("hi");
  expect((await b.history()).messages.map(({ data }) => data)).toEqual(["hi", "hi"]);
});

test("N27: what the server has subscribed by itself is known by every spelling", async () => {
  const world = new World();
  await world.shakeHands();
  world.link.say({
    id: 1,
    ok: { client: "c", durability: "memory", ping: 25_000, subs: { "user/a%C3%A9": streamAt(1, 5) } },
  });
  const handle = world.client.stream("user/aé");
  await world.settle();
  expect(world.link.take()).toMatchObject([{ subscribe: "user/aé", cursor: "e:5" }]);
  world.link.say({ event: "unsubscribed", ch: 9, code: "forbidden", message: "no" });
  handle.close();
});
