import { describe, expect, test } from "vitest";
import { HISTORY } from "../../../src/room/entities.js";
import { Frames, type View } from "../../../src/room/frames.js";
import { Replica } from "../../../src/room/replica.js";
import type { Stores } from "../../../src/room/tables.js";
import { encodeKeyframe, encodeTick } from "../../../src/room/ticks.js";
import { randomOf, seeds } from "./support/random.js";
import { STATE, World } from "./support/world.js";

/** Rows in their order, with their ids, in a tick. */
function heldAt(stores: Stores, tick: number): string {
  const held = stores.map((store) => [
    [...store.history.idsAt(tick)].map((id) => [id, store.history.entities.keys[id]]),
    [...(store.at(tick) ?? [])],
  ]);
  return JSON.stringify(held);
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

describe("a replica is what it is a replica of", () => {
  test.each(seeds(4))("seed %d: rows, order, ids, history and frames", (seed) => {
    const random = randomOf(seed);
    const world = new World(random, random.pick([5, 30]));
    world.step();
    const replica = new Replica(STATE);
    expect(replica.apply(encodeKeyframe(world.stores, world.tick))).toBe("applied");
    const [here, there] = [new Frames(world.stores), new Frames(replica.stores)];
    const [viewer, mirrored] = [here.viewer(), there.viewer()];
    const view: View = { x: 1000, y: 1000, rx: 600, ry: 600 };
    let ticks: number[] = [];
    for (let i = 0; i < 60; i++) {
      const before = world.tick;
      world.step();
      // Now and then two ticks come as one: then the one between them is not held.
      if (random.chance(0.1)) world.step();
      expect(replica.apply(encodeTick(world.stores, before, world.tick))).toBe("applied");
      expect(replica.tick).toBe(world.tick);
      if (random.chance(0.6))
        expect(hex(there.frameFor(mirrored, view))).toBe(hex(here.frameFor(viewer, view)));
      ticks = [...ticks, world.tick].filter((tick) => tick >= world.tick - HISTORY);
      for (const tick of [world.tick, random.pick(ticks)])
        expect(heldAt(replica.stores, tick)).toBe(heldAt(world.stores, tick));
    }
  });
});

describe("R23: a tick is taken only where it stands on the newest one", () => {
  /** A world, and its last four ticks. */
  function worldOf(steps: number): { world: World; ticks: readonly [number, number, number, number] } {
    const world = new World(randomOf(5), 10);
    const ticks: number[] = [];
    for (let i = 0; i < steps; i++) {
      world.step();
      ticks.push(world.tick);
    }
    const [first = 0, second = 0, third = 0, fourth = 0] = ticks.slice(-4);
    return { world, ticks: [first, second, third, fourth] };
  }

  test("what was had before is old, what lacks its predecessor is a hole, and neither changes anything", () => {
    const { world, ticks } = worldOf(8);
    const [first, second, third, fourth] = ticks;
    const replica = new Replica(STATE);
    expect(replica.apply(encodeTick(world.stores, first, second))).toBe("hole");
    expect(replica.tick).toBe(-1);
    replica.apply(encodeKeyframe(world.stores, second));
    const held = heldAt(replica.stores, second);
    expect(replica.apply(encodeTick(world.stores, first, second))).toBe("old");
    expect(replica.apply(encodeTick(world.stores, third, fourth))).toBe("hole");
    expect(heldAt(replica.stores, second)).toBe(held);
    expect(replica.apply(encodeTick(world.stores, second, third))).toBe("applied");
  });

  test("a keyframe begins anew, and viewers with it", () => {
    const { world } = worldOf(40);
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
    const { world } = worldOf(60);
    expect(() => encodeKeyframe(world.stores, 1)).toThrow(/tick 1 is not held: the newest is \d+/);
    expect(() => encodeTick(world.stores, 1, world.tick)).toThrow(RangeError);
    expect(() => encodeTick(world.stores, world.tick, world.tick)).toThrow(/does not follow/);
  });
});
