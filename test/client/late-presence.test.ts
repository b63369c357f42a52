/** The code for presence, where it has to be loaded first: as in a browser. */
import type { Member } from "tidemark/client";
import { expect, test } from "vitest";
import { chunksAtHand } from "../../src/client/chunks-at-hand.js";
import { type Chunks, chunksOnDemand } from "../../src/client/chunks.js";
import { World, collect, streamAt } from "./world.js";

type Code = Awaited<ReturnType<Chunks["presence"]>>;

const ok = { members: [{ id: "ann" }], version: 3, total: 1 };
const here = (ch: number) => ({ a: streamAt(ch, 0, { presence: true }) });

/** A client with one channel, whose code for presence comes when the test has it come. */
function slowly() {
  const loads: { readonly arrive: () => void; readonly fail: (error: Error) => void }[] = [];
  const presence = (): Promise<Code> =>
    new Promise((resolve, reject) => {
      loads.push({ arrive: () => resolve(chunksAtHand.presence()), fail: reject });
    });
  const world = new World({}, 1, (clock) => clock, { ...chunksAtHand, presence });
  const chat = world.client.stream("a");
  const lists = collect<readonly Member[]>();
  chat.on("members", lists.add);
  const errors = collect<unknown>();
  chat.on("error", errors.add);
  return { world, chat, loads, lists, errors };
}

test("N70: it is loaded once, when a server first says that there is presence", async () => {
  const { world, chat, loads, lists } = slowly();
  world.client.stream("b");
  await world.online({ a: streamAt(1, 0), b: streamAt(2, 0) });
  expect(loads).toHaveLength(0);
  await world.reconnect();
  await world.online({ ...here(1), b: streamAt(2, 0) });
  expect(loads).toHaveLength(1);
  const before = chat.members;
  expect([before, chat.memberCount]).toEqual([[], 0]);
  // A change that comes before it is in the list.
  world.link.say({ event: "join", ch: 1, version: 3, members: [{ id: "ann" }] });
  expect(world.link.take()).toEqual([]);
  loads[0]?.arrive();
  await world.settle();
  expect(chat.members).toBe(before);
  const asked = world.link.take();
  expect(asked).toMatchObject([{ members: "a" }]);
  world.link.say({ id: asked[0]?.id, ok });
  expect(chat.members).toEqual([{ id: "ann" }]);
  expect(lists.all).toHaveLength(1);
  await world.reconnect();
  await world.online({ ...here(5), b: streamAt(2, 0) });
  expect(world.link.take()).toMatchObject([{ members: "a" }]);
  expect(loads).toHaveLength(1);
});

test("N70: messages do not wait for it", async () => {
  const { world, chat } = slowly();
  const told = collect<unknown>();
  chat.on("message", ({ data }) => told.add(data));
  await world.online(here(1));
  world.link.say([1, 4096, "first"]);
  await chat.ready;
  expect(told.all).toEqual(["first"]);
});

test("N70: where it cannot be loaded the handle is told, and it is loaded again after a while", async () => {
  const { world, chat, loads, errors } = slowly();
  await world.online(here(1));
  const cause = new TypeError("Failed to fetch dynamically imported module");
  loads[0]?.fail(cause);
  await world.settle();
  expect(errors.all).toMatchObject([
    { code: "unavailable", message: cause.message, retry: true, channel: "a", cause },
  ]);
  expect([world.client.status, loads.length]).toEqual(["online", 1]);
  await world.pass(300);
  expect(loads).toHaveLength(2);
  loads[1]?.arrive();
  await world.settle();
  const [ask] = world.link.take();
  world.link.say({ id: ask?.id, ok });
  expect(chat.members).toEqual([{ id: "ann" }]);
});

test("N70: a channel that was left meanwhile asks for nothing, and does not load again", async () => {
  const { world, chat, loads, errors } = slowly();
  const other = world.client.stream("b");
  other.on("error", errors.add);
  await world.online({ ...here(1), b: streamAt(2, 0, { presence: true }) });
  expect(loads).toHaveLength(2);
  chat.close();
  other.close();
  await world.settle();
  world.link.take();
  loads[0]?.arrive();
  loads[1]?.fail(new Error("gone"));
  await world.pass(60_000);
  expect([world.link.take(), loads.length, errors.all]).toEqual([[], 2, []]);
});

test("N70: a connection that was lost meanwhile asks once, on the next one", async () => {
  const { world, loads } = slowly();
  await world.online(here(1));
  await world.reconnect();
  loads[0]?.arrive();
  await world.settle();
  await world.online(here(2));
  expect(world.link.take()).toMatchObject([{ members: "a" }]);
  expect(loads).toHaveLength(1);
});

test("N70: closing the client while it is loaded is the end of it", async () => {
  const { world, loads, errors } = slowly();
  await world.online(here(1));
  world.client.close();
  loads[0]?.fail(new Error("too late"));
  await world.pass(60_000);
  expect([loads.length, world.links.length, errors.all]).toEqual([1, 1, []]);
});

test("what browsers load is what Node has at hand", async () => {
  for (const name of ["beginning", "presence"] as const)
    expect({ ...(await chunksOnDemand[name]()) }).toEqual(await chunksAtHand[name]());
});
