import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/room/columns.js";
import { HISTORY } from "../../../src/room/entities.js";
import { TableStore } from "../../../src/room/tables.js";
import { randomOf, seeds } from "./support/random.js";
import { STATE, TABLES, World, type Known } from "./support/world.js";

/** In order, and as they were. */
function listed(rows: Iterable<readonly [string, Row]>): string {
  return JSON.stringify([...rows]);
}

function rowsOf(known: readonly Known[]): [string, Row][] {
  return known.map(({ key, row }) => [key, row]);
}

describe("R21: a tick of the last 32 can be read as it was scanned", () => {
  test.each(seeds(5))("seed %d", (seed) => {
    const random = randomOf(seed);
    const world = new World(random, 20);
    for (let i = 0; i < 120; i++) {
      world.step();
      const back = world.tick - random.int(HISTORY + 4);
      for (const [table, name] of TABLES.entries()) {
        const rows = world.stores[table]?.at(back);
        const isHeld = world.scanned.has(back) && back >= world.tick - HISTORY;
        expect(rows !== undefined).toBe(isHeld);
        if (rows === undefined) continue;
        const known = world.knownAt(back, name);
        const one = known.length > 0 ? random.pick(known) : undefined;
        if (one !== undefined) expect(rows.get(one.key)).toEqual(one.row);
        if (random.chance(0.5)) expect(listed(rows)).toBe(listed(rowsOf(known)));
        expect(rows.size).toBe(known.length);
        expect(rows.has("nobody")).toBe(false);
        if (one !== undefined) expect(rows.get(one.key)).toBe(rows.get(one.key));
      }
    }
  });

  test("what was read of it stays when it is no longer held, and the rest is refused", () => {
    const store = new TableStore(STATE.teams);
    store.scan(new Map([["a", { score: 1, isOver: false }]]), 1);
    const past = store.at(1);
    const row = past?.get("a");
    for (let tick = 2; tick <= HISTORY + 2; tick++) store.scan(new Map(), tick);
    expect(store.at(1)).toBeUndefined();
    expect(row).toEqual({ score: 1, isOver: false });
    expect(() => past?.get("a")).toThrow("tick 1 is no longer held: the newest is 34");
  });

  test("rows of it cannot be changed", () => {
    const store = new TableStore(STATE.teams);
    store.scan(new Map([["a", { score: 1, isOver: false }]]), 1);
    const row = store.at(1)?.get("a") as Record<string, unknown>;
    expect(() => (row["score"] = 2)).toThrow(TypeError);
  });
});

test("what was done since the newest tick can be undone", () => {
  const world = new World(randomOf(3), 20);
  world.step();
  const [players] = world.stores;
  const rows = world.state.players;
  for (const [i, [key, row]] of [...rows].entries()) {
    if (i % 2 === 0) rows.delete(key);
    else row["hp"] = 1;
  }
  rows.set("new", { x: 0, y: 0 });
  players?.restore(rows);
  expect(listed(rows)).toBe(listed(rowsOf(world.knownAt(world.tick, "players"))));
});
