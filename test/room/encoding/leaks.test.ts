import { describe, expect, test } from "vitest";
import { FrameReader } from "../../../src/room/frame-reader.js";
import { Frames, type View } from "../../../src/room/frames.js";
import { storesOf, type Stores } from "../../../src/room/tables.js";
import { randomOf, seeds, type Random } from "./support/random.js";
import { SIZE, STATE } from "./support/world.js";

type Player = Record<string, number | string>;

/** Two worlds that are the same wherever x is below 1,000, and come and go in the same order elsewhere. */
class Twins {
  readonly worlds = [new Map<string, Player>(), new Map<string, Player>()] as const;
  readonly #random: Random;
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  step(): void {
    const random = this.#random;
    const [first, second] = this.worlds;
    for (const key of first.keys()) {
      if (random.chance(0.02)) {
        first.delete(key);
        second.delete(key);
      } else this.#put(key, (first.get(key)?.["x"] as number) < SIZE / 2);
    }
    while (first.size < 60) this.#put(`k${this.#next++}`, random.chance(0.5));
  }

  #put(key: string, isSame: boolean): void {
    const random = this.#random;
    const here = this.#player(0, SIZE / 2 - 1);
    for (const rows of this.worlds) {
      const player = isSame ? here : this.#player(SIZE / 2 + 1, SIZE);
      if (random.chance(0.8) || !rows.has(key)) rows.set(key, { ...player });
      else if (isSame) rows.set(key, { ...player });
    }
  }

  #player(left: number, right: number): Player {
    const random = this.#random;
    const name = `n${random.int(1000)}`;
    return {
      x: random.between(left, right),
      y: random.between(0, SIZE),
      aim: random.float(),
      hp: 1,
      score: 2,
      kind: 3,
      name,
    };
  }
}

describe("R22: of what is out of view nothing is told, and nothing can be told", () => {
  test.each(seeds(5))("seed %d: frames are the same whatever happens there", (seed) => {
    const random = randomOf(seed);
    const twins = new Twins(random);
    const stores = twins.worlds.map(() => storesOf({ players: STATE.players }));
    const frames = stores.map((one) => new Frames(one));
    const viewers = frames.map((one) => one.viewer());
    for (let tick = 1; tick <= 200; tick++) {
      twins.step();
      for (const [i, rows] of twins.worlds.entries()) stores[i]?.[0]?.scan(rows, tick);
      if (random.chance(0.3)) continue;
      // Its outer edge, a tenth further out, ends where the worlds begin to differ.
      const view: View = { x: 500, y: random.between(0, SIZE), rx: 450, ry: 700 };
      const [one, other] = frames.map((cuts, i) => cuts.frameFor(viewers[i] ?? cuts.viewer(), view));
      expect(Buffer.from(one ?? []).toString("hex")).toBe(Buffer.from(other ?? []).toString("hex"));
    }
  });

  test("a viewer that sees nearly everything is not told the rest", () => {
    const rows = new Map<string, Player>();
    for (let i = 0; i < 100; i++)
      rows.set(`k${i}`, { x: i, y: 0, aim: 0, hp: 1, score: 2, kind: 3, name: "" });
    const stores: Stores = storesOf({ players: STATE.players });
    const frames = new Frames(stores);
    const viewer = frames.viewer();
    const reader = new FrameReader({ players: STATE.players });
    for (let tick = 1; tick <= 3; tick++) {
      stores[0]?.scan(rows, tick);
      reader.read(frames.frameFor(viewer, { x: 0, y: 0, rx: 98, ry: 1 }) ?? new Uint8Array(), tick);
      expect(reader.rows("players").has("k98")).toBe(true);
      expect(reader.rows("players").has("k99")).toBe(false);
    }
  });

  test("a view that is no part of the plane shows nothing of tables with a place", () => {
    const stores = storesOf(STATE);
    const frames = new Frames(stores);
    const viewer = frames.viewer();
    const reader = new FrameReader(STATE);
    const none = { x: Number.NaN, y: 0, rx: 10, ry: 10 };
    const views: View[] = ["all", none, { x: 0, y: 0, rx: -1, ry: 5 }, { x: 0, y: 0, rx: 5, ry: Number.NaN }];
    for (const [i, view] of views.entries()) {
      for (const [table, store] of stores.entries())
        store.scan(
          new Map(table === 0 ? [["a", { x: 0, y: 0 }]] : table === 3 ? [["b", { score: 1 }]] : []),
          i + 1,
        );
      reader.read(frames.frameFor(viewer, view) ?? new Uint8Array(), i + 1);
      expect(reader.rows("players").size).toBe(view === "all" ? 1 : 0);
      expect(reader.rows("teams").size).toBe(1);
    }
  });
});
