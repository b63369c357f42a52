/** R9: what kept a room from being taken over is lifted by its operator. */
import { describe, expect, test } from "vitest";
import { markStuck } from "../../../src/server/kinds/room/watch/mark.js";
import { readWatched } from "../../../src/server/kinds/room/watch/steps.js";
import { sceneOf, type Scene } from "./support/scene.js";

const ROOM = "counter/1";

async function dieOf(scene: Scene): Promise<string> {
  const owner = scene.cluster.ownerOf(ROOM);
  const room = owner.rooms.get(ROOM);
  const reign = room && readWatched(new TextDecoder().decode(room.watched.bytes));
  if (reign === undefined) throw new Error("it has no owner");
  await scene.until(markStuck(scene.cluster.writer(), reign, { why: "a test", tick: 1 }));
  scene.cluster.kill(owner);
  return reign.reign;
}

describe("R9: a room that was closed because its owners died of it", () => {
  test("goes on where it was saved last when it is revived, with its seats", async () => {
    const scene = sceneOf({ nodes: 3 });
    const c = scene.cluster.node(2);
    await scene.own(ROOM);
    const ann = await scene.joined(c, ROOM, "ann");
    ann.input(5);
    await scene.advance(2500);
    ann.stop();
    await scene.until(c.rooms.place(ROOM, { was: await dieOf(scene) }));
    await scene.advance(200);
    const was = await dieOf(scene);
    const last = scene.cluster.node(0);
    expect(await scene.until(last.rooms.place(ROOM, { was }))).toMatchObject({ reason: "crashed" });
    const closed = await scene.cluster.logOf(ROOM);
    expect(closed.closed?.reason).toBe("crashed");
    expect(closed.checkpoint).toBeDefined();
    expect(await scene.until(last.rooms.revive(ROOM))).toBe("revived");
    const revived = await scene.cluster.logOf(ROOM);
    expect(revived).toMatchObject({ closed: undefined, reign: { short: 0, released: true } });
    await scene.own(ROOM, last);
    expect(last.rooms.get(ROOM)?.run.tick).toBeGreaterThan(10);
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(0);
    scene.check(ROOM);
  });

  test("and one whose tick threw too often, too", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    await scene.own(ROOM, a);
    await scene.advance(1500);
    await scene.joined(a, ROOM, "bad");
    await scene.advance(3000);
    expect((await scene.cluster.logOf(ROOM)).closed?.reason).toBe("crashed");
    expect(await scene.until(a.rooms.revive(ROOM))).toBe("revived");
    expect((await scene.cluster.logOf(ROOM)).closed).toBeUndefined();
  });
});

describe("R9: revive", () => {
  test("lifts a mark that keeps a room waiting", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", b);
    await scene.advance(300);
    const was = await dieOf(scene);
    expect(await scene.until(b.rooms.place(ROOM, { was }))).toMatchObject({ refused: "alone" });
    expect(await scene.until(b.rooms.revive(ROOM))).toBe("revived");
    expect(await scene.until(b.rooms.place(ROOM, { was }))).toMatchObject({ owner: "b" });
    expect(await scene.cluster.logOf(ROOM)).toMatchObject({ isStuck: false, reign: { short: 0 } });
    scene.check(ROOM);
  });

  test("vouches for a room that runs, and says so of one that runs elsewhere", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM);
    await scene.advance(300);
    await scene.until(b.rooms.place(ROOM, { was: await dieOf(scene) }));
    const owner = scene.cluster.ownerOf(ROOM);
    expect(owner.rooms.get(ROOM)?.record?.short).toBe(1);
    const other = scene.cluster.nodes.find((node) => node !== owner);
    expect(other && (await scene.until(other.rooms.revive(ROOM)))).toBe("runs");
    expect(await scene.until(owner.rooms.revive(ROOM))).toBe("revived");
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(0);
    scene.check(ROOM);
  });

  test("changes nothing of a room that is sound, of none, and of one that has ended as it should", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    expect(await scene.until(a.rooms.revive("counter/7"))).toBe("sound");
    expect((await scene.cluster.logOf("counter/7")).reign).toBeUndefined();
    await scene.own(ROOM, a);
    const ann = await scene.joined(a, ROOM, "ann");
    ann.input(668);
    await scene.untilSo(() => a.rooms.get(ROOM) === undefined);
    expect(await scene.until(a.rooms.revive(ROOM))).toBe("over");
    expect((await scene.cluster.logOf(ROOM)).closed?.reason).toBe("over");
  });
});
