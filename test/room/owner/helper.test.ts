/** R9: rooms that their owners may have died of are a helper's, where there is one. */
import { describe, expect, test } from "vitest";
import { markStuck } from "../../../src/server/kinds/room/watch/mark.js";
import { readWatched } from "../../../src/server/kinds/room/watch/steps.js";
import type { RoomsOptions, TestNode } from "./support/cluster.js";
import { sceneOf, type Scene } from "./support/scene.js";

const ROOM = "counter/1";

/** Two workers, and a helper. */
function sceneWithHelper(worker: RoomsOptions = {}): { scene: Scene; helper: TestNode } {
  const scene = sceneOf({ nodes: 2, options: { marked: "none", ...worker } });
  const helper = scene.cluster.add({ marked: "only", onMarked: () => {} });
  scene.watch(helper);
  return { scene, helper };
}

/** The room's owner ends of it, and its log says so, as its watchdog does. */
async function dieOf(scene: Scene, channel: string): Promise<{ was: string }> {
  const owner = scene.cluster.ownerOf(channel);
  const room = owner.rooms.get(channel);
  const reign = room && readWatched(new TextDecoder().decode(room.watched.bytes));
  if (room?.reign === undefined || reign === undefined) throw new Error("it has no owner");
  expect(await scene.until(markStuck(scene.cluster.writer(), reign, { why: "a test", tick: 1 }))).toBe(true);
  const was = room.reign;
  scene.cluster.kill(owner);
  return { was };
}

describe("R9: a helper", () => {
  test("is not asked for rooms that nothing is known against, and would not take one", async () => {
    const { scene, helper } = sceneWithHelper();
    for (let i = 1; i <= 12; i++) {
      const { owner } = await scene.until(scene.cluster.node(i % 2).rooms.place(`counter/${i}`));
      expect(["a", "b"]).toContain(owner);
    }
    helper.mail.post(helper.name, {
      is: "place",
      id: "x",
      channel: "counter/99",
      match: new Map(),
      was: undefined,
    });
    await scene.advance(500);
    expect(helper.rooms.get("counter/99")).toBeUndefined();
    expect((await scene.cluster.logOf("counter/99")).reign).toBeUndefined();
  });

  test("takes a marked room, which workers leave to it", async () => {
    const marked: string[] = [];
    const { scene, helper } = sceneWithHelper({ onMarked: (channel) => marked.push(channel) });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.advance(300);
    const { was } = await dieOf(scene, ROOM);
    expect(await scene.until(b.rooms.place(ROOM, { was }))).toMatchObject({ owner: helper.name });
    expect(marked).toEqual([ROOM]);
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ n: 2, short: 1, alone: true });
    scene.check(ROOM);
  });

  test("has one of them at a time; the others wait, and whoever wants them is told why", async () => {
    const { scene, helper } = sceneWithHelper();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", b);
    await scene.advance(300);
    const c = scene.cluster.add({ marked: "none" });
    const first = await dieOf(scene, ROOM);
    const second = await dieOf(scene, "counter/2");
    expect((await scene.until(c.rooms.place(ROOM, first))).owner).toBe(helper.name);
    await scene.joined(c, ROOM, "ann");
    expect(await scene.until(c.rooms.place("counter/2", second))).toMatchObject({
      owner: undefined,
      refused: "alone",
    });
    scene.check(ROOM, "counter/2");
  });

  test("hands a room that has proved itself to a worker when another one needs it, and seats stay", async () => {
    const { scene, helper } = sceneWithHelper();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", b);
    await scene.advance(300);
    const c = scene.cluster.add({ marked: "none" });
    const first = await dieOf(scene, ROOM);
    const second = await dieOf(scene, "counter/2");
    await scene.until(c.rooms.place(ROOM, first));
    const ann = await scene.joined(c, ROOM, "ann");
    await scene.advance(7000);
    expect(helper.rooms.get(ROOM)?.record?.short).toBe(0);
    await scene.until(c.rooms.place("counter/2", second));
    await scene.untilSo(() => c.rooms.get(ROOM)?.reign !== undefined);
    expect((await scene.until(c.rooms.place("counter/2"))).owner).toBe(helper.name);
    await scene.advance(1000);
    expect(ann.faults()).toEqual([]);
    expect(ann.replica.stores.length).toBeGreaterThan(0);
    scene.check(ROOM, "counter/2");
  });

  test("that ends of a room as well is the last: the room is closed, by any node, and players are told", async () => {
    const { scene, helper } = sceneWithHelper();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.advance(300);
    const { was } = await dieOf(scene, ROOM);
    await scene.until(b.rooms.place(ROOM, { was }));
    expect(helper.rooms.get(ROOM)?.reign).toBeDefined();
    const again = await dieOf(scene, ROOM);
    expect(await scene.until(b.rooms.place(ROOM, again))).toMatchObject({
      refused: "room_closed",
      reason: "crashed",
    });
    scene.check(ROOM);
  });
});
