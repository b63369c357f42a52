import { describe, expect, test } from "vitest";
import type { Fields, TableChange } from "../../../src/client/room/moving.js";
import { Spawns, type SpawnsOptions } from "../../../src/client/room/spawns.js";

type Shot = { x: number; by: string };

const NONE: TableChange<Shot> = { leaves: [], enters: new Map(), updates: new Map() };
const FLY: SpawnsOptions<Shot> = { step: (shot, seconds) => (shot.x += 600 * seconds) };

/** The shots of a table: as they are told late, and shown. */
class Shots {
  readonly spawns: Spawns<Shot>;
  readonly rows = new Map<string, Shot>();
  /** What the table shows by itself. */
  readonly told = new Map<string, Shot>();

  constructor(options: SpawnsOptions<Shot>) {
    this.spawns = new Spawns<Shot>(options);
  }

  /** As one painted frame does: what is told, and these over it. */
  paint(now: number): Record<string, Fields> {
    for (const key of ["a", "b"]) {
      const row = this.told.get(key);
      if (row) this.rows.set(key, row);
    }
    this.spawns.show(this.rows, now, 200);
    return Object.fromEntries([...this.rows].map(([key, row]) => [key, { ...row }]));
  }

  /** The table does not show it any more. */
  remove(key: string): void {
    this.told.delete(key);
    this.rows.delete(key);
  }
}

describe("a row that a player's input makes", () => {
  test("shows at once, and moves as the room moves it", () => {
    const shots = new Shots(FLY);
    shots.paint(0);
    shots.spawns.add("a", { x: 10, by: "me" }, 10);
    expect(shots.paint(10)).toEqual({ a: { x: 10, by: "me" } });
    expect(shots.paint(60)["a"]?.["x"]).toBeCloseTo(40, 9);
    expect(shots.paint(61)["a"]?.["x"]).toBeCloseTo(40.6, 9);
  });

  test("is taken away when the room has not told of it after the way there and back and a margin", () => {
    const shots = new Shots({ ...FLY, margin: 100 });
    shots.spawns.add("a", { x: 10, by: "me" }, 0);
    expect(Object.keys(shots.paint(300))).toEqual(["a"]);
    expect(shots.paint(301)).toEqual({});
    // It comes all the same, later: then it is the room's.
    shots.spawns.receive({ ...NONE, enters: new Map([["a", { x: 70, by: "me" }]]) }, 400);
    shots.told.set("a", { x: 70, by: "me" });
    expect(shots.paint(500)).toEqual({ a: { x: 70, by: "me" } });
  });

  test("flies on ahead of what is told, until it has gone in the room", () => {
    const shots = new Shots(FLY);
    shots.spawns.add("a", { x: 0, by: "me" }, 0);
    shots.spawns.receive({ ...NONE, enters: new Map([["a", { x: 30, by: "me" }]]) }, 250);
    shots.paint(0);
    expect(shots.paint(1000)["a"]?.["x"]).toBeCloseTo(600, 9);
    shots.told.set("a", { x: 30, by: "me" });
    expect(shots.paint(1010)["a"]?.["x"]).toBeCloseTo(606, 9);
    shots.spawns.receive({ ...NONE, leaves: ["a"] }, 1015);
    // What is told is behind, and still has it: nobody is to see it once more.
    expect(shots.paint(1020)).toEqual({});
    expect(shots.paint(1100)).toEqual({});
    shots.remove("a");
    expect(shots.paint(1200)).toEqual({});
    expect(shots.paint(2100)).toEqual({});
  });

  test("is the room's where it stands still, as soon as that is shown", () => {
    const shots = new Shots({});
    shots.spawns.add("a", { x: 5, by: "me" }, 0);
    shots.spawns.receive({ ...NONE, enters: new Map([["a", { x: 6, by: "me" }]]) }, 300);
    expect(shots.paint(350)).toEqual({ a: { x: 5, by: "me" } });
    expect(shots.paint(2000)).toEqual({ a: { x: 5, by: "me" } });
    shots.told.set("a", { x: 6, by: "me" });
    expect(shots.paint(2016)).toEqual({ a: { x: 6, by: "me" } });
    shots.told.set("a", { x: 7, by: "me" });
    expect(shots.paint(2033)).toEqual({ a: { x: 7, by: "me" } });
  });

  test("has gone when all is told anew and it is not among it", () => {
    const shots = new Shots(FLY);
    shots.spawns.add("a", { x: 0, by: "me" }, 0);
    shots.spawns.add("b", { x: 0, by: "me" }, 0);
    const both = new Map([
      ["a", { x: 0, by: "me" }],
      ["b", { x: 0, by: "me" }],
    ]);
    shots.spawns.receive({ ...NONE, enters: both }, 200, true);
    both.delete("a");
    shots.spawns.receive({ ...NONE, enters: both }, 300, true);
    expect(Object.keys(shots.paint(310))).toEqual(["b"]);
  });

  test("is left alone when it is added twice", () => {
    const shots = new Shots({});
    shots.spawns.add("a", { x: 1, by: "me" }, 0);
    shots.spawns.add("a", { x: 2, by: "me" }, 10);
    expect(shots.paint(20)).toEqual({ a: { x: 1, by: "me" } });
  });
});
