/** Loops over messages whose code has to be loaded first: as in a browser. */
import { expect, test } from "vitest";
import { chunksAtHand } from "../../src/client/chunks-at-hand.js";
import type { Chunks } from "../../src/client/chunks.js";
import { World, rejection, streamAt } from "./world.js";

type Code = Awaited<ReturnType<Chunks["inbox"]>>;

/** A client whose code for loops comes when the test has it come. */
function slowly(transient = false) {
  const loads: { readonly arrive: () => void; readonly fail: (error: Error) => void }[] = [];
  const inbox = (): Promise<Code> =>
    new Promise((resolve, reject) => {
      loads.push({ arrive: () => resolve(chunksAtHand.inbox()), fail: reject });
    });
  const world = new World({}, 1, (clock) => clock, { ...chunksAtHand, inbox });
  const options = { buffer: 2 };
  const chat = transient ? world.client.transient("a", options) : world.client.stream("a", options);
  const loop = chat[Symbol.asyncIterator]();
  return { world, chat, loop, loads };
}

const dataOf = async (loop: AsyncIterator<{ readonly data: unknown }>): Promise<unknown> =>
  ((await loop.next()).value as { readonly data: unknown } | undefined)?.data;

test("N70: a loop gets what came while its code was loaded, and what it has no room for from the log", async () => {
  const { world, loop, loads } = slowly();
  await world.online({ a: streamAt(1, 0) });
  for (let i = 1; i <= 2000; i++) world.link.say([1, i, `m${i}`]);
  loads[0]?.arrive();
  expect([await dataOf(loop), await dataOf(loop)]).toEqual(["m1", "m2"]);
  const third = dataOf(loop);
  await world.settle();
  const [ask] = world.link.take();
  expect(ask).toMatchObject({ history: "a", after: 2 });
  world.link.say({ id: ask?.id, ok: { entries: [[3, "m3"]], complete: true, more: false } });
  expect(await third).toBe("m3");
  expect(loads).toHaveLength(1);
});

test("N70: of a transient channel the oldest go meanwhile", async () => {
  const { world, loop, loads } = slowly(true);
  await world.online({ a: { ch: 1, kind: "transient" } });
  for (let i = 1; i <= 2000; i++) world.link.say([1, 0, `m${i}`]);
  loads[0]?.arrive();
  expect([await dataOf(loop), await dataOf(loop)]).toEqual(["m1999", "m2000"]);
});

test("N70: where its code cannot be loaded, a loop throws unavailable, and the next one tries again", async () => {
  const { world, chat, loop, loads } = slowly();
  await world.online({ a: streamAt(1, 0) });
  loads[0]?.fail(new Error("no such file"));
  expect(await rejection(loop.next())).toMatchObject({ code: "unavailable", message: "no such file" });
  const again = chat[Symbol.asyncIterator]();
  world.link.say([1, 1, "hi"]);
  loads[1]?.arrive();
  expect(await dataOf(again)).toBe("hi");
});

test("N70: one that is left or ended before its code is there is over then", async () => {
  const { world, chat, loop, loads } = slowly();
  await world.online({ a: streamAt(1, 0) });
  const other = chat[Symbol.asyncIterator]();
  const next = loop.next();
  expect(await loop.return?.()).toEqual({ done: true, value: undefined });
  world.link.say([1, 1, "hi"]);
  chat.close();
  for (const load of loads) load.arrive();
  expect((await next).done).toBe(true);
  expect(await dataOf(other)).toBe("hi");
  expect((await other.next()).done).toBe(true);
});
