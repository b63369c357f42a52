import { describe, expect, test } from "vitest";
import { FrameError } from "../../../src/protocol/index.js";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { Frames } from "../../../src/room/frames.js";
import { Replica } from "../../../src/room/replica.js";
import { encodeKeyframe, encodeTick } from "../../../src/room/ticks.js";
import { randomOf, seeds, type Random } from "./support/random.js";
import { STATE, TABLES, textOf, World } from "./support/world.js";

/** Bytes that are a little, or wholly, other than these. */
function spoiled(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = [...bytes];
  switch (random.int(4)) {
    case 0:
      return Uint8Array.from(copy.slice(0, random.int(copy.length)));
    case 1:
      return Uint8Array.from({ length: random.int(60) }, () => random.int(256));
    case 2:
      copy.splice(random.int(copy.length), random.int(3), random.int(256));
      return Uint8Array.from(copy);
    default:
      for (let i = 1 + random.int(3); i > 0; i--)
        copy[random.int(copy.length)] = random.pick([0, 0x7f, 0x80, 0xff, 5]);
      return Uint8Array.from(copy);
  }
}

/** Whether it threw what bytes that cannot be read throw; nothing else may be thrown. */
function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return true;
  }
}

describe("bytes that are not what they should be", () => {
  test.each(seeds(4))("seed %d: are refused by a reader of frames, which keeps what it had", (seed) => {
    const random = randomOf(seed);
    const world = new World(random, 12);
    const frames = new Frames(world.stores);
    const viewer = frames.viewer();
    const sent: Uint8Array[] = [];
    const ticks: number[] = [];
    let refused = 0;
    for (let tick = 1; tick <= 40; tick++) {
      world.step();
      const bytes = frames.frameFor(viewer, "all");
      if (bytes === undefined) throw new Error("there is a newer tick");
      for (let i = 0; i < 10; i++) {
        // Some are frames all the same, and a reader that took one is of no further use.
        const reader = new FrameReader(STATE);
        for (const [at, one] of sent.entries()) reader.read(one, ticks[at] ?? 0);
        const seen = TABLES.map((name) => textOf(reader.rows(name)));
        if (!isRefused(() => reader.read(spoiled(bytes, random), world.tick))) continue;
        refused++;
        expect(TABLES.map((name) => textOf(reader.rows(name)))).toEqual(seen);
        reader.read(bytes, world.tick);
      }
      sent.push(bytes);
      ticks.push(world.tick);
    }
    expect(refused).toBeGreaterThan(100);
  });

  test.each(seeds(4))(
    "seed %d: are refused by a replica, which is empty then and takes a keyframe",
    (seed) => {
      const random = randomOf(seed);
      const world = new World(random, 12);
      for (let i = 0; i < 3; i++) world.step();
      let refused = 0;
      for (let i = 0; i < 300; i++) {
        const before = world.tick;
        world.step();
        const replica = new Replica(STATE);
        replica.apply(encodeKeyframe(world.stores, before));
        const bytes = random.chance(0.5)
          ? encodeTick(world.stores, before, world.tick)
          : encodeKeyframe(world.stores, world.tick);
        if (!isRefused(() => replica.apply(spoiled(bytes, random)))) continue;
        refused++;
        expect(replica.tick).toBe(-1);
        replica.apply(encodeKeyframe(world.stores, world.tick));
        expect([...(replica.stores[0]?.at(world.tick) ?? [])]).toEqual([
          ...(world.stores[0]?.at(world.tick) ?? []),
        ]);
      }
      expect(refused).toBeGreaterThan(50);
    },
  );

  const head = [0, 0, 0, 0];
  const enter = [0x40 | 3, 0, 1, 0, 7, 1, 97, 1, 0, 1, 0, 0, 0, 0x80, 0x7f];

  test("one row of teams is read", () => {
    const reader = new FrameReader(STATE);
    reader.read(Uint8Array.from([...head, ...enter]), 1);
    expect([...reader.rows("teams")]).toEqual([
      ["a", { score: 1, isOver: true, note: undefined, best: undefined }],
    ]);
  });

  test.each([
    ["nothing", []],
    ["half a head", [0, 0]],
    ["a table that there is not", [...head, 4, 0]],
    ["an order, which is not for viewers", [...head, 0x80 | 3, 0, 0]],
    ["a row that leaves and was never there", [...head, 0x43, 1, 0, 0, 7]],
    ["a row that changes and was never there", [...head, 3, 1, 0xe1, 0, 1, 0]],
    ["more rows than there are bytes", [...head, 0x43, 0, 0xff, 0xff, 3, 0]],
    ["a number with a needless byte", [...head, 0x43, 0x80, 0, 1, 0]],
    ["a number without an end", [...head, 0x43, ...Array<number>(40).fill(0x80)]],
    ["the same table twice", [...head, ...enter, 3, 0]],
    ["a row twice", [...head, 0x43, 0, 2, 0, ...enter.slice(4), ...enter.slice(4)]],
    ["a key twice", [...head, 0x43, 0, 2, 0, ...enter.slice(4), 8, ...enter.slice(5)]],
    ["a key that is not UTF-8", [...head, 0x43, 0, 1, 0, 7, 1, 0xff, ...enter.slice(7)]],
    [
      "a key that is too long",
      [...head, 0x43, 0, 1, 0, 7, 65, ...Array<number>(65).fill(97), ...enter.slice(7)],
    ],
    ["a value beyond its column's", [...head, 0x43, 0, 1, 0, 7, 1, 97, 1, 0, 2, ...enter.slice(10)]],
    ["a float that is none", [...head, ...enter.slice(0, -4), 0, 0, 0xc0, 0x7f]],
    ["a frame on another one", [0, 0, 0, 1, ...enter]],
  ])("%s", (_, bytes) => {
    const reader = new FrameReader(STATE);
    expect(() => reader.read(Uint8Array.from(bytes), 1)).toThrow(FrameError);
    expect(reader.tick).toBeUndefined();
    expect(reader.rows("teams").size).toBe(0);
  });

  test.each([
    ["an update of nothing", [3, 1, 0xe0, 0]],
    ["the same row twice", [3, 2, 0xe1, 0, 5, 0, 0xe1, 0, 6, 0]],
    ["a row that has just left", [0x43, 1, 0, 1, 7, 0xe1, 0, 5, 0]],
    ["a row that is there already", [0x43, 0, 1, 0, ...enter.slice(4)]],
    ["a row under another one's key", [0x43, 0, 1, 0, 8, ...enter.slice(5)]],
  ])("behind a good frame: %s", (_, bytes) => {
    const reader = new FrameReader(STATE);
    reader.read(Uint8Array.from([...head, ...enter]), 1);
    expect(() => reader.read(Uint8Array.from([0, 0, 0, 1, ...bytes]), 2)).toThrow(FrameError);
    expect(reader.tick).toBe(1);
    expect(reader.rows("teams").size).toBe(1);
  });
});
