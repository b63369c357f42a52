import { describe, expect, test } from "vitest";
import { f32, fixed, optional, table, text, u8, type Value } from "../../../src/room/columns.js";
import { HISTORY } from "../../../src/room/entities.js";
import { TableStore } from "../../../src/room/tables.js";

const PLAYERS = table({ x: fixed(0, 100, 1 / 8), y: fixed(0, 100, 1 / 8), name: text(4), hp: u8 });
type OpenRow = Record<string, Value>;

function rowsOf(...keys: readonly string[]): Map<string, OpenRow> {
  return new Map(keys.map((key) => [key, { x: 1, y: 2, name: key, hp: 3 }]));
}

describe("a scan", () => {
  test("leaves in the rows what the other side sees, unless it is told not to", () => {
    const store = new TableStore(
      table({ x: fixed(0, 100, 1 / 8), v: f32, name: text(4), note: optional(u8) }),
    );
    const row: OpenRow = { x: 7.3, v: 0.1, name: "abcdef" };
    const rows = new Map([["a", row]]);
    store.scan(rows, 1, false);
    expect(row).toEqual({ x: 7.3, v: 0.1, name: "abcdef" });
    store.scan(rows, 2);
    expect(row).toEqual({ x: 7.25, v: Math.fround(0.1), name: "abcd" });
    expect(store.at(2)?.get("a")).toEqual(row);
    expect(store.at(1)?.get("a")).toEqual(row);
    row["x"] = -0;
    row["note"] = -0;
    store.scan(rows, 3);
    expect([row["x"], row["note"]]).toEqual([0, 0]);
  });

  test("knows which columns of a row have changed since a tick", () => {
    const store = new TableStore(PLAYERS);
    const rows = rowsOf("a", "b");
    store.scan(rows, 1);
    const [a, b] = [store.idOf("a") ?? -1, store.idOf("b") ?? -1];
    Object.assign(rows.get("a") ?? {}, { y: 3, hp: 4 });
    store.scan(rows, 2);
    Object.assign(rows.get("a") ?? {}, { y: 2, name: "c" });
    rows.set("d", { x: 0 });
    store.scan(rows, 3);
    expect(store.changedSince(a, 1)).toBe(0b1100);
    expect(store.changedSince(a, 2)).toBe(0b0110);
    expect(store.changedSince(a, 3)).toBe(0);
    expect(store.changedSince(b, 1)).toBe(0);
    expect(store.changedSince(store.idOf("d") ?? -1, 1)).toBe(0b1111);
  });

  test("takes a row that was deleted and set again for the same one, behind all others", () => {
    const store = new TableStore(PLAYERS);
    const rows = rowsOf("a", "b", "c");
    store.scan(rows, 1);
    const id = store.idOf("a");
    rows.delete("a");
    rows.set("a", { x: 50, y: 50, name: "new", hp: 1 });
    store.scan(rows, 2);
    expect(store.idOf("a")).toBe(id);
    expect([...(store.at(2)?.keys() ?? [])]).toEqual(["b", "c", "a"]);
    expect([...(store.at(1)?.keys() ?? [])]).toEqual(["a", "b", "c"]);
  });

  test.each<[string, (store: TableStore, rows: Map<string, OpenRow>) => void, string]>([
    ["a tick again", (store, rows) => store.scan(rows, 5), "tick 5 is not behind tick 5"],
    ["half a tick", (store, rows) => store.scan(rows, 6.5), "tick 6.5 is not behind tick 5"],
    [
      "a key that is too long",
      (store, rows) => store.scan(rows.set("é".repeat(33), {}), 6),
      "at most 64 bytes",
    ],
    [
      "a key that is half a letter",
      (store, rows) => store.scan(rows.set("\ud83e", {}), 6),
      "bytes of UTF-8, not",
    ],
    [
      "a row that is none",
      (store, rows) => store.scan(rows.set("z", undefined as never), 6),
      'the row of "z" is no object',
    ],
    [
      "too many rows",
      (store) => store.scan(rowsOf(...Array.from({ length: 32_769 }, (_, i) => `k${i}`)), 6),
      "at most 32768 rows at a time, not 32769",
    ],
  ])("refuses %s, and nothing has changed", (_, scan, message) => {
    const store = new TableStore(PLAYERS);
    const rows = rowsOf("a", "b");
    store.scan(rows, 5);
    const before = JSON.stringify([...(store.at(5) ?? [])]);
    expect(() => scan(store, new Map(rows).set("c", {}))).toThrow(message);
    expect(store.history.newest).toBe(5);
    expect(JSON.stringify([...(store.at(5) ?? [])])).toBe(before);
    store.scan(rowsOf("b", "d"), 6);
    expect([...(store.at(6)?.keys() ?? [])]).toEqual(["b", "d"]);
  });
});

describe("R21: ids", () => {
  test("are given again when nobody can have them from before, and not earlier", () => {
    const store = new TableStore(PLAYERS);
    store.scan(rowsOf("a", "b"), 1);
    const id = store.idOf("a");
    store.scan(rowsOf("b"), 2);
    for (let tick = 3; tick < 2 + HISTORY; tick++) {
      store.scan(rowsOf("b", `c${tick}`), tick);
      expect(store.idOf(`c${tick}`)).not.toBe(id);
    }
    store.scan(rowsOf("b", "d"), 2 + HISTORY);
    expect(store.idOf("d")).toBe(id);
  });

  test("stay low while rows come and go", () => {
    const store = new TableStore(PLAYERS);
    let highest = 0;
    for (let tick = 1; tick < 500; tick++) {
      const keys = Array.from({ length: 10 }, (_, i) => `k${tick}-${i}`);
      store.scan(rowsOf("a", ...keys), tick);
      highest = Math.max(highest, ...keys.map((key) => store.idOf(key) ?? Number.POSITIVE_INFINITY));
    }
    expect(highest).toBeLessThanOrEqual(10 * (HISTORY + 1));
  });

  test("of a key that comes and goes tell its rows apart", () => {
    const store = new TableStore(PLAYERS);
    for (let tick = 1; tick <= 40; tick++) {
      const rows = rowsOf("b");
      if (tick % 3 > 0) rows.set("a", { x: 0, y: 0, name: "", hp: tick });
      store.scan(rows, tick);
    }
    for (let tick = 8; tick <= 40; tick++) {
      expect(store.at(tick)?.get("a")?.["hp"]).toBe(tick % 3 > 0 ? tick : undefined);
      expect(store.at(tick)?.has("a")).toBe(tick % 3 > 0);
    }
  });

  test("that are used up are refused until some are free", () => {
    const store = new TableStore(table({ v: u8 }));
    const some = (from: number): Map<string, OpenRow> =>
      new Map(Array.from({ length: 30_000 }, (_, i) => [`k${from + i}`, { v: 1 }]));
    store.scan(some(0), 1);
    store.scan(some(30_000), 2);
    expect(() => store.scan(some(60_000), 3)).toThrow("too many rows have come and gone");
    store.scan(some(30_000), 2 + HISTORY);
    store.scan(some(60_000), 3 + HISTORY);
    expect(store.at(3 + HISTORY)?.size).toBe(30_000);
  });
});
