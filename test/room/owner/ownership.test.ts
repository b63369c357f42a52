/** Who owns a room: one at a time, whatever is late, paused or cut. */
import { describe, expect, test } from "vitest";
import { roomLogOptions } from "../../../src/server/kinds/room/owner/room-log.js";
import { TIMES } from "./support/cluster.js";
import { sceneOf } from "./support/scene.js";

const ROOM = "counter/1";

describe("R1: a room is taken over by reign, read, append, and only then it ticks", () => {
  test("in that order, and each time anew", async () => {
    const scene = sceneOf();
    const node = scene.cluster.node(0);
    const commands: string[] = [];
    node.way.late = (command) => {
      commands.push(command);
      return 0;
    };
    await scene.own(ROOM);
    await scene.advance(200);
    const order = commands.filter((one) => ["take", "read", "change", "signal"].includes(one));
    expect(order.slice(0, 4)).toEqual(["take", "read", "change", "signal"]);
    const [first] = scene.ticksTold(ROOM);
    expect(scene.cluster.journal.of(ROOM)[0]?.begins?.name).toBe(first?.reign);
    scene.check(ROOM);
  });

  test("the reign is in the log with its node, its number and its tick", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({
      n: 1,
      node: "a",
      tick: 0,
      released: false,
    });
    const player = await scene.joined(b, ROOM, "ann");
    player.input(667);
    await scene.advance(1000);
    scene.cluster.kill(a);
    await scene.untilSo(() => b.rooms.get(ROOM) !== undefined);
    const { reign, saved } = await scene.cluster.logOf(ROOM);
    expect(reign).toMatchObject({ n: 2, node: "b", tick: saved.at(-1)?.tick });
    scene.check(ROOM);
  });
});

describe("R2: the log keeps out whoever does not reign", () => {
  test("a reign that is asked for late, when another one has it, is refused", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.cluster.journal.follow(ROOM);
    a.way.late = (command) => (command === "take" ? 500 : 0);
    const late = a.rooms.place(ROOM, {});
    b.mail.post("b", { is: "place", id: "x", channel: ROOM, match: new Map(), was: undefined });
    const placement = await scene.until(late);
    expect(placement.owner).toBe("b");
    expect(scene.cluster.ownersOf(ROOM).map(({ name }) => name)).toEqual(["b"]);
    await scene.advance(5000);
    expect(scene.cluster.journal.reignsOf(ROOM)).toHaveLength(1);
    scene.check(ROOM);
  });

  test("what is written under no reign is fenced", async () => {
    const scene = sceneOf();
    await scene.own(ROOM);
    const draft = { key: { scope: "x", id: 1, print: 0 }, changes: [{ slot: "seat/x", data: "1" }] };
    const change = scene.cluster.node(1).way.broker.change(ROOM, [draft], roomLogOptions());
    expect(await scene.until(change)).toEqual([{ error: "fenced" }]);
  });
});

describe("R3: an owner whose renewals do not come through", () => {
  test("ticks on until its own reckoning is over, and then nothing leaves it any more", async () => {
    const scene = sceneOf({ nodes: 1 });
    const node = scene.cluster.node(0);
    await scene.own(ROOM, node);
    await scene.advance(1000);
    const cut = scene.now;
    node.way.isCut = true;
    await scene.advance(3000);
    const last = scene.ticksTold(ROOM).at(-1)?.at ?? 0;
    expect(last).toBeGreaterThan(cut + TIMES.ttl / 3);
    expect(last).toBeLessThanOrEqual(cut + TIMES.ttl - TIMES.margin);
    expect(node.rooms.get(ROOM)?.reign).toBeUndefined();
  });

  test("is looked at again before results leave: what was computed in time and is late is not shown", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    const room = "auction/1";
    await scene.own(room, a);
    const player = await scene.joined(b, room, "ann");
    const { reign } = player;
    let isHeld = false;
    a.way.losesAnswer = (command) => isHeld && (command === "change" || command === "renew");
    isHeld = true;
    player.input(50);
    await scene.advance(20);
    // It is in the log, and its owner does not know.
    expect((await scene.cluster.logOf(room)).inputs.length).toBeGreaterThan(0);
    const told = scene.ticksTold(room, "a").length;
    a.process.pause();
    await scene.advance(2500);
    a.process.resume();
    await scene.advance(2000);
    const late = scene.ticksTold(room, "a").slice(told);
    expect(late.filter((tick) => tick.reign === reign)).toEqual([]);
    // Who took it over has it from the log.
    expect(player.unacked).toBe(0);
    expect(player.replica.stores[0]?.at(player.replica.tick)?.get("top")).toMatchObject({ amount: 50 });
    scene.check(room);
  });
});

test("R8: an owner whose renewals come through, while their answers do not, goes on with what it holds", async () => {
  const scene = sceneOf();
  const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
  await scene.own(ROOM, a);
  const ann = await scene.joined(b, ROOM, "ann");
  const first = a.rooms.get(ROOM)?.reign;
  a.way.losesAnswer = (command) => command === "renew";
  await scene.untilSo(() => (a.rooms.get(ROOM)?.reign ?? first) !== first);
  a.way.losesAnswer = () => false;
  await scene.advance(500);
  const told = scene.ticksTold(ROOM, a.name).map(({ tick }) => tick);
  expect(told.length).toBeGreaterThan(10);
  expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
  expect(scene.cluster.ownerOf(ROOM)).toBe(a);
  expect(ann.faults()).toEqual([]);
  scene.check(ROOM);
});

test("R3: an owner that was stopped between a write and its answer shows nothing of what it wrote", async () => {
  const scene = sceneOf();
  const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
  const room = "auction/1";
  await scene.own(room, a);
  const player = await scene.joined(b, room, "ann");
  a.way.late = (command) => {
    if (command === "change") a.process.pause();
    return 0;
  };
  player.input(50);
  await scene.untilSo(() => a.process.state === "paused");
  a.way.late = () => 0;
  const told = scene.ticksTold(room, "a").length;
  await scene.untilSo(() => b.rooms.get(room)?.reign !== undefined);
  a.process.resume();
  await scene.advance(1000);
  expect(scene.ticksTold(room, "a").slice(told)).toEqual([]);
  await scene.untilSo(() => player.unacked === 0);
  scene.check(room);
});

describe("R4, R7: an owner that was stopped for longer than its reign", () => {
  test("writes and shows nothing when it wakes, and forgets the room that others have gone on with", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const player = await scene.joined(b, ROOM, "ann");
    player.input(5);
    await scene.advance(1500);
    const before = scene.ticksTold(ROOM, "a").length;
    a.process.pause();
    await scene.untilSo(() => b.rooms.get(ROOM)?.reign !== undefined);
    const { length } = scene.cluster.journal;
    a.process.resume();
    await scene.advance(3000);
    expect(scene.ticksTold(ROOM, "a")).toHaveLength(before);
    const { name } = (await scene.cluster.logOf(ROOM)).reign ?? {};
    expect(scene.cluster.journal.entries.slice(length).every(({ reign }) => reign === name)).toBe(true);
    expect(a.rooms.get(ROOM)).toBeUndefined();
    expect(scene.cluster.ownerOf(ROOM).name).toBe("b");
    expect(player.replica.stores[0]?.at(player.replica.tick)?.get("ann")).toMatchObject({ sum: 5 });
    scene.check(ROOM);
  });

  test("has no say by commands that were on their way: they are fenced", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const player = await scene.joined(b, ROOM, "ann");
    await scene.advance(1000);
    a.way.late = (command) => (command === "change" || command === "renew" ? 2500 : 0);
    player.input(667);
    await scene.advance(300);
    a.process.pause();
    await scene.untilSo(() => b.rooms.get(ROOM)?.reign !== undefined);
    await scene.advance(4000);
    a.process.resume();
    await scene.advance(2000);
    expect(scene.cluster.ownersOf(ROOM).map(({ name }) => name)).toEqual(["b"]);
    expect(scene.cluster.journal.reignsOf(ROOM)).toHaveLength(2);
    scene.check(ROOM);
  });

  test("goes on with what it remembers where nobody else has, under another name", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    await scene.own(ROOM, a);
    const player = await scene.joined(a, ROOM, "ann");
    await scene.advance(1000);
    player.input(7);
    await scene.advance(60);
    const { reign } = player;
    a.process.pause();
    await scene.advance(5000);
    a.process.resume();
    await scene.advance(2000);
    expect(a.rooms.get(ROOM)?.reign).not.toBe(reign);
    expect(player.reign).toBe(a.rooms.get(ROOM)?.reign);
    expect(a.rooms.get(ROOM)?.run.state["players"]?.get("ann")).toMatchObject({ sum: 7, inputs: 1 });
    scene.check(ROOM);
  });
});

describe("R5, R6: reigns are told apart by their names", () => {
  test("which are 48 bits and never the same, while numbers may be", async () => {
    const scene = sceneOf();
    const nothing = scene.cluster.snapshot();
    await scene.own(ROOM);
    await scene.advance(500);
    const first = scene.ticksTold(ROOM).at(-1)?.reign;
    scene.cluster.node(0).rooms.close();
    scene.cluster.failOver(nothing);
    await scene.own(ROOM, scene.cluster.node(1));
    await scene.advance(500);
    const { reign } = await scene.cluster.logOf(ROOM);
    expect(reign?.n).toBe(1);
    expect(reign?.name).toMatch(/^[\w-]{8}$/);
    expect(reign?.name).not.toBe(first);
  });

  test("each tick stands on the one told before, within its reign", async () => {
    const scene = sceneOf();
    await scene.own(ROOM);
    await scene.joined(scene.cluster.node(1), ROOM, "ann");
    await scene.advance(3000);
    const ticks = scene.ticksTold(ROOM);
    for (const [at, { prev }] of ticks.entries()) expect(prev).toBe(ticks[at - 1]?.tick ?? 0);
    expect(ticks.length).toBeGreaterThan(55);
  });
});

describe("R10: an owner that does not hear itself", () => {
  test.each(["isDeaf", "isMute"] as const)(
    "gives up within two lengths, though its renewals come through: %s",
    async (fault) => {
      const scene = sceneOf();
      const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
      await scene.own(ROOM, a);
      const player = await scene.joined(b, ROOM, "ann");
      await scene.advance(1500);
      const cut = scene.now;
      a.way[fault] = true;
      await scene.untilSo(() => b.rooms.get(ROOM)?.reign !== undefined, 5000);
      expect(scene.now - cut).toBeLessThan(3 * TIMES.ttl);
      await scene.advance(2000);
      expect(scene.cluster.ownersOf(ROOM).map(({ name }) => name)).toEqual(["b"]);
      expect(player.ticks.at(-1)?.reign).toBe(b.rooms.get(ROOM)?.reign);
      scene.check(ROOM);
    },
  );

  test("a room without ticks gives a sign of life at each renewal, and so is heard", async () => {
    const scene = sceneOf();
    const room = "auction/1";
    await scene.own(room);
    await scene.joined(scene.cluster.node(1), room, "ann");
    await scene.advance(10_000);
    expect(scene.cluster.journal.reignsOf(room)).toHaveLength(1);
    const signs = scene.told.filter(({ signal, at }) => signal.is === "alive" && at > scene.now - 3000);
    expect(signs.length).toBeGreaterThanOrEqual(8);
    scene.check(room);
  });
});
