import { describe, expect, test } from "vitest";
import { Frames, type View } from "../../../src/room/frames.js";
import { Replica } from "../../../src/room/replica.js";
import type { Stores } from "../../../src/room/tables.js";
import { encodeKeyframe, encodePast, encodeTick } from "../../../src/room/ticks.js";
import { randomOf, seeds } from "./support/random.js";
import { STATE, World } from "./support/world.js";

/** All that is held of all tables: rows in their order, with their ids. */
function heldBy(stores: Stores): string {
  return JSON.stringify(
    stores.map((store) =>
      store.history.held.map((tick) => [
        tick,
        [...store.history.idsAt(tick)].map((id) => [id, store.history.entities.keys[id]]),
        [...(store.at(tick) ?? [])],
      ]),
    ),
  );
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

describe("a replica is what it is a replica of", () => {
  test.each(seeds(5))("seed %d: rows, order, ids, history and frames", (seed) => {
    const random = randomOf(seed);
    const world = new World(random, random.pick([5, 60]));
    world.step();
    const replica = new Replica(STATE);
    expect(replica.apply(encodeKeyframe(world.stores, world.tick))).toBe("applied");
    const [here, there] = [new Frames(world.stores), new Frames(replica.stores)];
    const [viewer, mirrored] = [here.viewer(), there.viewer()];
    const view: View = { x: 1000, y: 1000, rx: 600, ry: 600 };
    for (let i = 0; i < 80; i++) {
      const before = world.tick;
      world.step();
      // Now and then two ticks come as one: then the one between them is not held.
      if (random.chance(0.1)) world.step();
      expect(replica.apply(encodeTick(world.stores, before, world.tick))).toBe("applied");
      expect(replica.tick).toBe(world.tick);
      const ticks = replica.stores.map(({ history }) => history.held.length);
      expect(ticks.every((count) => count === Math.min(ticks[0] ?? 0, 33))).toBe(true);
      if (random.chance(0.6))
        expect(hex(there.frameFor(mirrored, view))).toBe(hex(here.frameFor(viewer, view)));
      for (const [table, store] of replica.stores.entries()) {
        const original = world.stores[table];
        expect([...store.history.idsAt(world.tick)]).toEqual([...(original?.history.idsAt(world.tick) ?? [])]);
        expect([...(store.at(world.tick) ?? [])]).toEqual([...(original?.at(world.tick) ?? [])]);
      }
    }
  });

  test.each(seeds(3))("seed %d: whoever goes on from all that is held goes on the same way", (seed) => {
    const world = new World(randomOf(seed), 40);
    for (let i = 0; i < 50; i++) world.step();
    const replica = new Replica(STATE);
    for (const bytes of encodePast(world.stores)) expect(replica.apply(bytes)).toBe("applied");
    expect(heldBy(replica.stores)).toBe(heldBy(world.stores));
    for (let i = 0; i < 50; i++) {
      world.step();
      for (const [table, name] of Object.keys(STATE).entries())
        replica.stores[table]?.scan(world.state[name as keyof typeof STATE], world.tick);
      expect(heldBy(replica.stores)).toBe(heldBy(world.stores));
    }
  });
});

describe("R23: a tick is taken only where it stands on the newest one", () => {
  function worldOf(ticks: number): World {
    const world = new World(randomOf(5), 10);
    while (world.tick < ticks) world.step();
    return world;
  }

  test("what was had before is old, what lacks its predecessor is a hole, and neither changes anything", () => {
    const world = worldOf(8);
    const [first, second, third, fourth] = world.stores[0]?.history.held ?? [];
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) throw new Error();
    const replica = new Replica(STATE);
    expect(replica.apply(encodeTick(world.stores, first, second))).toBe("hole");
    expect(replica.tick).toBe(-1);
    replica.apply(encodeKeyframe(world.stores, second));
    const held = heldBy(replica.stores);
    expect(replica.apply(encodeTick(world.stores, first, second))).toBe("old");
    expect(replica.apply(encodeTick(world.stores, third, fourth))).toBe("hole");
    expect(heldBy(replica.stores)).toBe(held);
    expect(replica.apply(encodeTick(world.stores, second, third))).toBe("applied");
  });

  test("a keyframe begins anew, and viewers with it", () => {
    const world = worldOf(40);
    const replica = new Replica(STATE);
    const frames = new Frames(replica.stores);
    const viewer = frames.viewer();
    replica.apply(encodeKeyframe(world.stores, world.tick));
    const first = frames.frameFor(viewer, "all");
    const past = replica.stores[0]?.at(world.tick);
    replica.apply(encodeKeyframe(world.stores, world.tick));
    expect(hex(frames.frameFor(viewer, "all"))).toBe(hex(first));
    expect(replica.stores[0]?.at(world.tick)).not.toBe(past);
  });

  test("ticks that are not held cannot be encoded", () => {
    const world = worldOf(60);
    expect(() => encodeKeyframe(world.stores, 1)).toThrow(/tick 1 is not held: the newest is \d+/);
    expect(() => encodeTick(world.stores, 1, world.tick)).toThrow(RangeError);
    expect(() => encodeTick(world.stores, world.tick, world.tick)).toThrow(/does not follow/);
  });
});
