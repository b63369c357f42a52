/** Over HTTP one answer follows the other: what that looks like to an application is nothing at all. */
import { expect, test } from "vitest";
import { World, collect, streamAt, type Sent } from "./world.js";

const MEMBERS = { members: [{ id: "ann" }], total: 1 };

/** A client on a channel with presence, and what its handle is told. */
async function polling() {
  const world = new World({ transports: ["poll"] });
  const chat = world.client.stream("a");
  const told = collect<unknown>();
  chat.on("subscribed", (how) => told.add(how));
  chat.on("gap", ({ reason }) => told.add(reason));
  chat.on("members", (members) => told.add(members.map(({ id }) => id)));
  chat.on("message", ({ data }) => told.add(data));
  await world.settle();
  world.link.open();
  let polls = 0;
  let asked = 0;
  /** Answers a poll, or a question for the members. */
  const answer = (command: Sent, sub: object, more: readonly unknown[], members: object): void => {
    if ("members" in command) {
      asked++;
      world.link.say({ id: command.id, ok: members });
      world.link.answered();
    } else {
      const ok = { client: `c${++polls}`, durability: "memory", ping: 25_000, subs: { a: sub } };
      world.link.say({ id: command.id, ok }, ...more);
    }
  };
  const poll = async (
    sub: object,
    more: readonly unknown[] = [],
    members: object = MEMBERS,
  ): Promise<void> => {
    await world.settle();
    for (const command of world.link.take()) answer(command, sub, more, members);
    await world.settle();
    for (const command of world.link.take()) answer(command, sub, more, members);
    world.link.over();
    await world.settle();
  };
  return { world, chat, told, poll, asked: () => asked };
}

const at = (ch: number, offset: number): object => streamAt(ch, offset, { presence: true });
const begun = [{ resumed: false, complete: true }, ["ann"]];

test("N35: however many polls it takes, subscribed and members are told once, and the list is not asked for by each", async () => {
  const { world, told, poll, asked } = await polling();
  await poll(at(1, 0));
  for (let n = 1; n <= 20; n++) {
    await poll(at(n, n - 1), [[n, n, n]]);
    await world.pass(30);
  }
  expect(told.all).toEqual([...begun, ...Array.from({ length: 20 }, (_, n) => n + 1)]);
  expect(asked()).toBe(1);
});

test("N35: what changed among the members between two polls is seen within 5 seconds, and told", async () => {
  const { world, chat, told, poll, asked } = await polling();
  await poll(at(1, 0));
  await poll(at(2, 0));
  await world.pass(5000);
  const [ask, ...others] = world.link.take().filter((command) => "members" in command);
  expect(others).toEqual([]);
  world.link.say({ id: ask?.id, ok: { members: [{ id: "ann" }, { id: "bob" }], total: 2 } });
  await world.settle();
  expect([chat.memberCount, asked()]).toEqual([2, 1]);
  expect(told.all).toEqual([...begun, ["ann", "bob"]]);
  world.link.cut();
  await world.pass(300);
  expect(world.client.status).toBe("connecting");
});

test("N35: over polls, changes are applied whatever versions the next server counts in", async () => {
  const { chat, poll } = await polling();
  await poll(at(1, 0));
  const join = (ch: number, version: number, id: string): object => ({
    event: "join",
    ch,
    version,
    members: [{ id }],
  });
  await poll(at(2, 0), [join(2, 7, "bob")]);
  await poll(at(3, 0), [join(3, 2, "cay")]);
  expect(chat.members.map(({ id }) => id)).toEqual(["ann", "bob", "cay"]);
});

test("N35: a poll that begins elsewhere than the last one ended is told, and a gap too", async () => {
  const { told, poll } = await polling();
  await poll(at(1, 5));
  await poll(at(2, 5), [{ event: "gap", ch: 2, after: 5, until: 9, epoch: "e", reason: "trimmed" }]);
  await poll({ ch: 3, kind: "stream", cursor: "f:2", presence: true });
  expect(told.all).toEqual([...begun, "trimmed", { resumed: false, complete: true }]);
});

test("N35: a handle that comes while a poll is under way is told once that it is on", async () => {
  const { world, told, poll } = await polling();
  await poll(at(1, 5));
  const late = world.client.stream("a");
  const how = collect<unknown>();
  late.on("subscribed", how.add);
  await poll(at(2, 5));
  await poll(at(3, 5));
  await late.ready;
  expect(how.all).toEqual([{ resumed: false, complete: true }]);
  expect(told.all).toEqual(begun);
});

test("N35: over polls a new connection is told, and says truly that it went on", async () => {
  const { world, told, poll } = await polling();
  await poll(at(1, 5));
  world.link.cut();
  await world.pass(300);
  world.link.open();
  await poll(at(2, 5));
  expect(told.all).toEqual([...begun, { resumed: true, complete: true }]);
});
