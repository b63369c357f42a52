import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/room/columns.js";
import { FrameReader, type Frame, type TableChanges } from "../../../src/room/frame-reader.js";
import { Frames, type View, type Viewer } from "../../../src/room/frames.js";
import { randomOf, seeds, type Random } from "./support/random.js";
import { Sight, SIZE, STATE, TABLES, textOf, World, type Known, type TableName } from "./support/world.js";

const NOTHING: TableChanges = { leaves: [], enters: new Map(), updates: new Map() };

/** Somebody who looks at a world, and skips frames; beside it what it must see. */
class Watcher {
  readonly reader = new FrameReader(STATE);
  readonly #sight = new Sight();
  readonly #world: World;
  readonly #frames: Frames;
  readonly #viewer: Viewer;
  readonly #random: Random;
  readonly #skips: number;
  #view: View = "all";
  /** How many frames began anew. */
  anew = 0;

  constructor(world: World, frames: Frames, random: Random, skips: number) {
    this.#world = world;
    this.#frames = frames;
    this.#viewer = frames.viewer();
    this.#random = random;
    this.#skips = skips;
    this.#turn();
  }

  watch(): void {
    const random = this.#random;
    if (random.chance(0.05)) this.#turn();
    if (random.chance(this.#skips)) return;
    if (random.chance(0.005)) this.#viewer.forget();
    const before = this.reader.tick;
    const bytes = this.#frames.frameFor(this.#viewer, this.#view, { ack: random.int(9), depth: 3 });
    if (bytes === undefined) throw new Error("there is a newer tick");
    const frame = this.reader.read(bytes, this.#world.tick);
    expect(frame.whole).toBe(frame.from === undefined);
    if (frame.whole) this.anew++;
    else expect(frame.from).toBe(before);
    const had = this.#sight.look(this.#world, this.#view, frame.whole);
    for (const name of TABLES) this.#compare(name, had[name], frame);
    expect(this.#frames.frameFor(this.#viewer, this.#view)).toBeUndefined();
  }

  /** Another part of the world, smaller or larger than all of it, or everything. */
  #turn(): void {
    const random = this.#random;
    const at = (): number => random.between(0, SIZE);
    const [rx, ry] = random.pick([
      [400, 300],
      [30, 30],
      [1900, 1900],
      [3000, 3000],
    ] as const);
    this.#view = random.chance(0.2) ? "all" : { x: at(), y: at(), rx, ry };
  }

  #compare(name: TableName, had: ReadonlyMap<string, Known>, frame: Frame): void {
    const now = this.#sight.rows[name];
    expect(textOf(this.reader.rows(name))).toBe(textOf(rowsOf(now.values())));
    const isAnew = frame.whole;
    const { leaves, enters, updates } = frame.tables[name] ?? NOTHING;
    const isOther = ({ key, life }: Known, rows: ReadonlyMap<string, Known>): boolean =>
      rows.get(key)?.life !== life;
    const left = [...had.values()].filter((one) => (isAnew ? !now.has(one.key) : isOther(one, now)));
    const came = [...now.values()].filter((one) => isAnew || isOther(one, had));
    const changed = [...now.values()].filter(
      (one) => !came.includes(one) && textOf(rowsOf([one])) !== textOf(rowsOf([had.get(one.key) ?? one])),
    );
    expect(leaves.toSorted()).toEqual(left.map(({ key }) => key).toSorted());
    expect(textOf(enters)).toBe(textOf(rowsOf(came)));
    expect(textOf(updates)).toBe(textOf(rowsOf(changed)));
  }
}

function rowsOf(rows: Iterable<{ readonly key: string; readonly row: Row }>): [string, Row][] {
  return [...rows].map(({ key, row }) => [key, row]);
}

describe("R21, R22: what a viewer has decoded is its view of the newest tick, exactly, whatever frames it has skipped", () => {
  test.each(seeds(6))("seed %d", (seed) => {
    const random = randomOf(seed);
    const world = new World(random, random.pick([3, 20, 50]));
    const frames = new Frames(world.stores);
    const watchers = [0, 0, 0.8, 0.8, 0.97, 0.97].map((skips) => new Watcher(world, frames, random, skips));
    for (let i = 0; i < 100; i++) {
      world.step();
      // The first one sleeps for longer than ticks are held.
      const isAsleep = i >= 30 && i < 70;
      for (const watcher of isAsleep ? watchers.slice(1) : watchers) watcher.watch();
    }
    expect(watchers[0]?.anew).toBeGreaterThan(1);
    // Nothing would be compared by watchers that never got on.
    expect(watchers.every(({ anew }) => anew < 60)).toBe(true);
  });

  test("where more rows live than a head has ids for", () => {
    const random = randomOf(77);
    const world = new World(random, 3000);
    const frames = new Frames(world.stores);
    const watchers = [0, 0].map((skips) => new Watcher(world, frames, random, skips));
    for (let i = 0; i < 4; i++) {
      world.step();
      for (const watcher of watchers) watcher.watch();
    }
    expect(world.stores[0]?.history.entities.capacity).toBeGreaterThan(2048);
  });
});
