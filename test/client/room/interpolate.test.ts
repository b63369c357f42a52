import { seededRandom } from "tidemark/testing";
import { describe, expect, test } from "vitest";
import { Interpolation, type InterpolationOptions } from "../../../src/client/room/interpolate.js";
import { between, type Fields, type TableChange } from "../../../src/client/room/moving.js";
import {
  angle,
  f32,
  fixed,
  oneOf,
  optional,
  quantiseRow,
  table,
  text,
  u8,
  type RowOf,
} from "../../../src/room/columns.js";
import { changeOf, copyOf } from "./changes.js";
import { SEEDS } from "./game.js";

const things = table({
  x: fixed(-1000, 1000, 1 / 8),
  heat: f32,
  aim: angle,
  hp: u8,
  is: oneOf("idle", "running"),
  name: optional(text(8)),
});
type Thing = RowOf<typeof things>;

const MOVING = ["x", "heat", "aim"] as const;

function thing(more: Partial<Thing> = {}): Thing {
  return { x: 0, heat: 0, aim: 0, hp: 0, is: "idle", ...more };
}

function change(more: Partial<TableChange<Fields>> = {}): TableChange<Fields> {
  return { leaves: [], enters: new Map(), updates: new Map(), ...more };
}

/** A row "a" has these values. */
function update(more: Partial<Thing>): TableChange<Fields> {
  return change({ updates: new Map([["a", thing(more)]]) });
}

/** Of a row "a", told of at tick 0, and then at each of these ticks; where there is no change, of nothing. */
function seen(
  updates: Readonly<Record<number, Partial<Thing> | undefined>>,
  first: Partial<Thing> = {},
  options: InterpolationOptions = {},
): Interpolation {
  const interpolation = new Interpolation(things, options);
  interpolation.receive(0, change({ enters: new Map([["a", thing(first)]]) }), true);
  for (const [tick, values] of Object.entries(updates))
    interpolation.receive(Number(tick), values ? update(values) : change());
  return interpolation;
}

function at(interpolation: Interpolation, tick: number): Fields | undefined {
  return interpolation.at(tick).get("a");
}

describe("what is shown between ticks", () => {
  test("moves numbers in a straight line, and changes all else at its tick", () => {
    const interpolation = seen({ 1: { x: 10, heat: 1, hp: 7, is: "running", name: "ann" } });
    expect(at(interpolation, 0.5)).toEqual({ ...thing({ x: 5, heat: 0.5 }), name: undefined });
    expect(at(interpolation, 1)).toEqual(thing({ x: 10, heat: 1, hp: 7, is: "running", name: "ann" }));
  });

  test("turns angles the short way", () => {
    const interpolation = seen({ 1: { aim: -3 } }, { aim: 3 });
    expect(at(interpolation, 0.5)?.["aim"]).toBeCloseTo(-Math.PI, 9);
    expect(at(interpolation, 0.25)?.["aim"]).toBeCloseTo(3 + (2 * Math.PI - 6) / 4, 9);
    expect(at(interpolation, 0.75)?.["aim"]).toBeCloseTo(-3 - (2 * Math.PI - 6) / 4, 9);
  });

  test("moves only since the frame before, where a row had stood still", () => {
    const interpolation = seen({ 1: undefined, 4: undefined, 5: { x: 8 } });
    expect(at(interpolation, 4)?.["x"]).toBe(0);
    expect(at(interpolation, 4.5)?.["x"]).toBe(4);
  });

  test("R21: moves evenly over ticks that were told as one", () => {
    const interpolation = seen({ 2: { x: 2 }, 10: { x: 18 } });
    expect(at(interpolation, 1)?.["x"]).toBe(1);
    expect(at(interpolation, 4)?.["x"]).toBe(6);
  });

  test("goes on for one interval where no newer tick has come, and then stays", () => {
    const interpolation = seen({ 1: { x: 8, aim: 0.5 } });
    expect(at(interpolation, 1.5)).toMatchObject({ x: 12, aim: 0.75 });
    expect(at(interpolation, 2)).toMatchObject({ x: 16, aim: 1 });
    expect(at(interpolation, 7)).toMatchObject({ x: 16, aim: 1 });
    // And from there to where it is, when that has come.
    interpolation.receive(2, update({ x: 10 }));
    expect(at(interpolation, 2)?.["x"]).toBe(10);
  });

  test("has nothing go on that did not move when it was told of last", () => {
    const interpolation = seen({ 1: { x: 8 }, 2: undefined });
    expect(at(interpolation, 2.5)?.["x"]).toBe(8);
  });

  test("R22: has rows come and go at their ticks", () => {
    const interpolation = seen({ 1: undefined });
    interpolation.receive(2, change({ enters: new Map([["b", thing({ x: 5 })]]) }));
    interpolation.receive(3, change({ leaves: ["a"] }));
    expect([...interpolation.at(1.99).keys()]).toEqual(["a"]);
    expect([...interpolation.at(2).keys()]).toEqual(["a", "b"]);
    expect([...interpolation.at(2.99).keys()]).toEqual(["a", "b"]);
    expect([...interpolation.at(3).keys()]).toEqual(["b"]);
  });

  test("R22: has a row that comes back be where it is then, not on the way there", () => {
    const interpolation = seen({ 1: { x: 8 } });
    interpolation.receive(2, change({ leaves: ["a"] }));
    interpolation.receive(4, change({ enters: new Map([["a", thing({ x: 400 })]]) }));
    expect(at(interpolation, 3)).toBeUndefined();
    expect(at(interpolation, 4)?.["x"]).toBe(400);
  });

  test("takes what is more than a row can move for a jump, where that is said", () => {
    const interpolation = seen({ 1: { x: 20, heat: 500 } }, {}, { jumps: { x: 20 } });
    expect(at(interpolation, 0.5)).toMatchObject({ x: 10, heat: 250 });
    interpolation.receive(2, update({ x: 300 }));
    expect(at(interpolation, 1.9)?.["x"]).toBe(20);
    expect(at(interpolation, 2)?.["x"]).toBe(300);
    expect(at(interpolation, 2.9)?.["x"]).toBe(300);
    // Two ticks told as one may have moved twice as far.
    interpolation.receive(4, update({ x: 340 }));
    expect(at(interpolation, 3)?.["x"]).toBe(320);
  });

  test("shows what is told anew at once, and forgets what was before", () => {
    const interpolation = seen({ 1: { x: 8 }, 2: { x: 16 } });
    expect(at(interpolation, 1)?.["x"]).toBe(8);
    const rows = interpolation.rows;
    interpolation.receive(900, change({ enters: new Map([["b", thing({ x: 7 })]]) }), true);
    expect([...interpolation.at(897)]).toEqual([["b", { ...thing({ x: 7 }), name: undefined }]]);
    // Ticks may count from lower ones again.
    interpolation.receive(40, change({ enters: new Map([["b", thing({ x: 9 })]]) }), true);
    interpolation.receive(41, change({ updates: new Map([["b", thing({ x: 11 })]]) }));
    expect(interpolation.at(38).get("b")?.["x"]).toBe(9);
    expect(interpolation.at(40.5).get("b")?.["x"]).toBe(10);
    expect(interpolation.rows).toBe(rows);
  });

  test("makes no objects: the map and its rows are the same ones, painted again", () => {
    const interpolation = seen({});
    const rows = interpolation.at(0);
    const row = rows.get("a");
    for (let tick = 1; tick < 200; tick++) {
      interpolation.receive(tick, update({ x: tick % 50, hp: tick % 200 }));
      for (let part = 0; part < 3; part++) {
        expect(interpolation.at(tick - 2 + part / 3)).toBe(rows);
        expect(rows.get("a")).toBe(row);
      }
    }
  });

  test("keeps little for one who paints nothing", () => {
    const interpolation = new Interpolation(things);
    interpolation.receive(0, change(), true);
    for (let tick = 1; tick < 1000; tick++) {
      const enters = new Map([[`row-${tick}`, thing({ x: tick / 8 })]]);
      interpolation.receive(tick, change({ enters, leaves: tick > 5 ? [`row-${tick - 5}`] : [] }));
    }
    expect([...interpolation.at(998).keys()]).toEqual([
      "row-994",
      "row-995",
      "row-996",
      "row-997",
      "row-998",
    ]);
    // One who looks again sees what is within reach.
    expect(interpolation.at(3).size).toBe(5);
  });
});

test.each(SEEDS)("every row is where a straight line between its ticks has it (seed %i)", (seed) => {
  const random = seededRandom(seed);
  const pick = (from: number, to: number): number => from + random.float() * (to - from);
  const interpolation = new Interpolation(things);
  const history = new Map<number, Map<string, Thing>>();
  let world = new Map<string, Thing>();
  let told = new Map<string, Thing>();
  const ticks: number[] = [];
  let shown = -3;
  for (let tick = 1; tick < 400; tick++) {
    world = copyOf(world);
    for (const [key, row] of world) {
      if (random.float() < 0.05) world.delete(key);
      else if (random.float() < 0.7) row.x += pick(-20, 20);
      if (random.float() < 0.3) row.aim += pick(-3, 3);
      if (random.float() < 0.2) Object.assign(row, { hp: pick(0, 255), is: "running", heat: pick(0, 9) });
      quantiseRow(things, row, row);
    }
    if (random.float() < 0.3)
      world.set(`k${Math.floor(pick(0, 12))}`, quantiseRow(things, thing({ x: pick(-900, 900) })));
    // Some ticks are told as one.
    if (random.float() < 0.3) continue;
    interpolation.receive(tick, changeOf(told, world), ticks.length === 0);
    history.set(tick, world);
    ticks.push(tick);
    told = world;
    for (let i = 0; i < 3; i++) {
      shown = Math.min(tick, Math.max(shown, tick - pick(2, 6)));
      expectShown(shown);
    }
  }

  function expectShown(time: number): void {
    const before = ticks.findLast((one) => one <= time);
    if (before === undefined) return;
    const after = ticks.find((one) => one > time) ?? before;
    const [old, next] = [history.get(before), history.get(after)];
    const rows = interpolation.at(time);
    expect([...rows.keys()].sort(), `seed ${seed} at ${time}`).toEqual([...(old?.keys() ?? [])].sort());
    for (const [key, row] of old ?? []) {
      const goal = next?.get(key) ?? row;
      const part = after === before ? 0 : (time - before) / (after - before);
      const one = rows.get(key);
      expect(one).toMatchObject({ hp: row.hp, is: row.is });
      // A row that went and came back between two frames is told as one that changed.
      for (const name of MOVING)
        expect(one?.[name]).toBeCloseTo(between(name === "aim", row[name], goal[name], part), 9);
    }
  }
});
