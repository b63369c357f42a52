/** R9: a room that takes its nodes with it, and hooks that throw. */
import { describe, expect, test } from "vitest";
import { roomLogOptions } from "../../../src/server/kinds/room/owner/room-log.js";
import type { TestNode } from "./support/cluster.js";
import { sceneOf, type Scene } from "./support/scene.js";

const ROOM = "counter/1";

/** Ends the node that owns the room, and has another one take it. */
async function fail(scene: Scene, channel = ROOM): Promise<TestNode | undefined> {
  const owner = scene.cluster.ownerOf(channel);
  scene.cluster.kill(owner);
  const next = scene.cluster.node(0);
  const placement = await scene.until(
    next.rooms.place(channel, { was: owner.rooms.get(channel)?.reign ?? "" }),
  );
  return scene.cluster.nodes.find(({ name }) => name === placement.owner);
}

describe("R9: reigns that end soon and badly", () => {
  test("count where the room was alone on its node; the second one closes it", async () => {
    const scene = sceneOf({ nodes: 3 });
    await scene.own(ROOM);
    await scene.advance(300);
    expect(await fail(scene)).toBeDefined();
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ n: 2, short: 1 });
    await scene.advance(300);
    const owner = scene.cluster.ownerOf(ROOM);
    scene.cluster.kill(owner);
    const placement = await scene.until(
      scene.cluster.node(0).rooms.place(ROOM, { was: owner.rooms.get(ROOM)?.reign ?? "" }),
    );
    expect(placement).toMatchObject({ refused: "room_closed", reason: "crashed" });
    expect((await scene.cluster.logOf(ROOM)).closed).toMatchObject({ reason: "crashed" });
    scene.check(ROOM);
  });

  test("do not count where the room had been saved since its takeover", async () => {
    const scene = sceneOf({ nodes: 4 });
    await scene.own(ROOM);
    for (let i = 0; i < 3; i++) {
      await scene.advance(1500);
      expect(await fail(scene)).toBeDefined();
      expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(0);
    }
    scene.check(ROOM);
  });

  test("do not count where the node had other rooms, as any of them may be to blame", async () => {
    const scene = sceneOf({ nodes: 2 });
    await scene.own(ROOM);
    await scene.own("counter/2");
    await scene.advance(200);
    expect((await scene.cluster.logOf(ROOM)).reign?.alone).toBe(false);
    expect((await scene.cluster.logOf("counter/2")).reign?.alone).toBe(false);
    expect(await fail(scene)).toBeDefined();
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(0);
    scene.check(ROOM, "counter/2");
  });

  test("do not count where the room was let go of", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.until(a.rooms.get(ROOM)?.leave() ?? Promise.resolve());
    await scene.own(ROOM, b);
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ n: 2, short: 0 });
  });

  test("do not count where the node was only cut off, and comes back: it says so to who has the room", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.advance(300);
    const was = a.rooms.get(ROOM)?.reign ?? "";
    a.way.isCut = true;
    await scene.until(b.rooms.place(ROOM, { was }));
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ node: "b", short: 1 });
    a.way.isCut = false;
    await scene.advance(5000);
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ node: "b", short: 0 });
    scene.check(ROOM);
  });

  test("do not count where the node does not hear itself: it lets go of the room in good order", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    a.way.isDeaf = true;
    await scene.untilSo(() => a.rooms.get(ROOM) === undefined);
    const { reign, saved } = await scene.cluster.logOf(ROOM);
    expect(reign?.released).toBe(true);
    expect(saved.at(-1)?.tick).toBeGreaterThan(10);
    expect((await scene.until(b.rooms.place(ROOM, { was: reign?.name ?? "" }))).owner).toBe("b");
    scene.check(ROOM);
  });

  test("count whoever else was on the node, where the room is marked as stuck; and the mark goes with the next reign", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", a);
    await scene.advance(1500);
    // As a watchdog does, which knows the token.
    const token = a.rooms.get(ROOM)?.token ?? "";
    const draft = {
      key: { scope: "watchdog", id: 1, print: 0 },
      reign: token,
      changes: [{ slot: "stuck", data: "{}" }],
    };
    await scene.until(b.way.broker.change(ROOM, [draft], roomLogOptions()));
    expect(await fail(scene)).toBeDefined();
    const log = await scene.cluster.logOf(ROOM);
    expect(log.reign?.short).toBe(1);
    expect(log.isStuck).toBe(false);
  });

  test("are forgotten with the first checkpoint that lies 100 ticks behind the takeover", async () => {
    const scene = sceneOf({ nodes: 2 });
    await scene.own(ROOM);
    await scene.advance(300);
    await fail(scene);
    const player = await scene.joined(scene.cluster.node(0), ROOM, "ann");
    await scene.advance(3000);
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(1);
    await scene.advance(3500);
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(0);
    expect(player.faults()).toEqual([]);
  });

  test("a room that is marked is taken only by a node without others, which then takes no others", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM);
    await scene.own("counter/2", b);
    await scene.advance(300);
    const taken = await fail(scene);
    expect(taken?.name).toBe("c");
    const other = await scene.until(c.rooms.place("counter/3", {}));
    expect(other.owner).toBe("b");
  });

  test("where no node is without others, it waits", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", b);
    await scene.advance(300);
    scene.cluster.kill(a);
    await scene.advance(6000);
    expect(await scene.until(b.rooms.place(ROOM, {}))).toMatchObject({ owner: undefined, refused: "alone" });
    scene.check(ROOM);
  });
});

describe("R9: hooks that throw", () => {
  test("lose what they have done, and nothing else; the operator is told which it was, in which tick", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(a, ROOM, "ann");
    const ben = await scene.joined(b, ROOM, "ben");
    ann.input(1);
    ann.input(666);
    ben.input(10);
    ann.input(2);
    await scene.advance(1000);
    const state = a.rooms.get(ROOM)?.run.state["players"];
    expect(state?.get("ann")).toEqual({ sum: 3, inputs: 2 });
    expect(state?.get("ben")).toEqual({ sum: 10, inputs: 1 });
    expect(ann.unacked).toBe(0);
    const said = a.said.filter(({ level }) => level === "error");
    expect(said).toHaveLength(1);
    expect(said[0]?.fields).toMatchObject({ room: ROOM, hook: "input", seat: "ann", which: 2 });
    expect(said[0]?.fields["tick"]).toBeGreaterThan(0);
    scene.check(ROOM);
  });

  test("in 20 ticks one after the other end the room, with that reason, and the log has it", async () => {
    const scene = sceneOf();
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    const ann = await scene.joined(b, ROOM, "ann");
    await scene.joined(a, ROOM, "bad");
    await scene.advance(3000);
    expect((await scene.cluster.logOf(ROOM)).closed?.reason).toBe("crashed");
    expect(ann.messages.at(-1)?.closed).toBe("crashed");
    expect(a.rooms.get(ROOM)).toBeUndefined();
    expect(a.said.filter(({ level }) => level === "error").length).toBeLessThanOrEqual(12);
    scene.check(ROOM);
  });
});
