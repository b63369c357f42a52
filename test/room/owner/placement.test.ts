/** R27: which node gets a room, and which takes none. */
import { describe, expect, test } from "vitest";
import { sceneOf } from "./support/scene.js";

const ROOM = "counter/1";

describe("R27: a room gets one owner", () => {
  test("however many nodes want it at the same time", async () => {
    const scene = sceneOf({ nodes: 5 });
    await scene.cluster.journal.follow(ROOM);
    const placements = await scene.until(
      Promise.all(scene.cluster.nodes.map(({ rooms }) => rooms.place(ROOM, {}))),
    );
    const owner = scene.cluster.ownerOf(ROOM);
    expect(new Set(placements.map((one) => one.owner))).toEqual(new Set([owner.name]));
    expect(new Set(placements.map((one) => one.reign))).toEqual(new Set([owner.rooms.get(ROOM)?.reign]));
    expect(scene.cluster.journal.reignsOf(ROOM)).toHaveLength(1);
    scene.check(ROOM);
  });

  test("the one with less to do of two that are drawn: rooms are spread", async () => {
    const scene = sceneOf({ nodes: 4 });
    for (let i = 0; i < 80; i++) await scene.until(scene.cluster.node(i % 4).rooms.place(`counter/${i}`, {}));
    const counts = scene.cluster.nodes.map(({ rooms }) => rooms.load.rooms);
    expect(counts.reduce((sum, count) => sum + count)).toBe(80);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(8);
  });

  test("a node that does not answer within a second is passed over", async () => {
    const scene = sceneOf({ nodes: 3 });
    scene.cluster.kill(scene.cluster.node(2));
    scene.cluster.node(1).process.pause();
    const node = scene.cluster.node(0);
    const began = scene.now;
    const placements = [];
    for (let i = 0; i < 6; i++) placements.push(await scene.until(node.rooms.place(`counter/${i}`, {})));
    expect(placements.map(({ owner }) => owner)).toEqual(Array(6).fill("a"));
    expect(scene.now - began).toBeLessThan(6 * 2200);
  });

  test("what its players asked for is known to the room that is made", async () => {
    const scene = sceneOf({ nodes: 2 });
    await scene.until(scene.cluster.node(0).rooms.place(ROOM, { match: new Map([["mode", "ffa"]]) }));
    expect((await scene.cluster.logOf(ROOM)).made?.match).toEqual(new Map([["mode", "ffa"]]));
  });

  test("a reign that is silent is waited for; and where it was not over after all, it is still the owner", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const reign = a.rooms.get(ROOM)?.reign ?? "";
    expect(await scene.until(b.rooms.place(ROOM, { was: reign }))).toMatchObject({ owner: "a", reign });
    a.process.pause();
    const began = scene.now;
    expect(await scene.until(b.rooms.place(ROOM, { was: reign }))).toMatchObject({ owner: "b" });
    expect(scene.now - began).toBeLessThan(3000);
    scene.check(ROOM);
  });
});

describe("a node takes no more rooms", () => {
  test("than it may: it says so, and when to ask again", async () => {
    const scene = sceneOf({ nodes: 1, options: { most: 2 } });
    const { rooms } = scene.cluster.node(0);
    for (const room of ["counter/1", "counter/2"])
      expect((await scene.until(rooms.place(room, {}))).owner).toBe("a");
    expect(await scene.until(rooms.place("counter/3", {}))).toMatchObject({
      refused: "room_full",
      after: 1000,
    });
    expect((await scene.until(rooms.place("counter/1", {}))).owner).toBe("a");
  });

  test("of channels whose code it does not have", async () => {
    const scene = sceneOf({ nodes: 1 });
    expect(await scene.until(scene.cluster.node(0).rooms.place("chess/1", {}))).toMatchObject({
      owner: undefined,
      refused: "unavailable",
    });
    expect((await scene.cluster.logOf("chess/1")).slots.size).toBe(0);
  });
});

test("a broker that is away is told as what it is, and nothing is thrown anywhere else", async () => {
  const scene = sceneOf({ nodes: 1 });
  const { rooms, way } = scene.cluster.node(0);
  way.isCut = true;
  await expect(scene.until(rooms.place(ROOM, {}))).rejects.toThrow("did not answer");
  way.isCut = false;
  expect((await scene.until(rooms.place(ROOM, {}))).owner).toBe("a");
  scene.check();
});
