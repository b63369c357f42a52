import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  angle,
  bool,
  f32,
  f64,
  fixed,
  i16,
  i32,
  i8,
  oneOf,
  optional,
  quantise,
  quantiseRow,
  table,
  text,
  u16,
  u32,
  u8,
  type Column,
  type RowOf,
  type Value,
} from "../../../src/room/columns.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const PLAIN: readonly Column[] = [angle, u8, u16, u32, i8, i16, i32, f32, f64, bool, text(3)];
const NONE: Value = undefined;
/** A value of any type, as a program that is not checked may leave it in a row. */
function anything(column: Column, value: unknown): Value {
  return quantise(column, value as Value);
}

test("a row's type is what its columns hold", () => {
  const players = table({
    x: fixed(0, 10, 1),
    isIn: bool,
    team: oneOf("red", "blue"),
    note: optional(text(9)),
  });
  type Player = RowOf<typeof players>;
  same<Equal<Player, { x: number; isIn: boolean; team: "red" | "blue"; note?: string | undefined }>>();
  const ann: Player = { x: 1, isIn: true, team: "red" };
  ann.x += 0.7;
  // @ts-expect-error -- not one of them
  ann.team = "green";
  expect(quantiseRow(players, ann)).toEqual({ x: 2, isIn: true, team: "red" });
  const team: "red" | "blue" = quantise(players.columns.team, "blue");
  expect(team).toBe("blue");
});

describe("what the other side sees of a value", () => {
  test.each<[string, Column, unknown, Value]>([
    ["a step", fixed(0, 2000, 1 / 8), 7.3, 7.25],
    ["the nearer of two steps", fixed(0, 2000, 1 / 8), 7.32, 7.375],
    ["the lowest", fixed(-5, 5, 0.5), -7, -5],
    ["the highest", fixed(-5, 5, 0.5), Number.POSITIVE_INFINITY, 5],
    ["the last whole step", fixed(0, 1, 0.3), 1, 0.3 * 3],
    ["a limit that floating point just misses", fixed(0, 0.3, 0.1), 0.3, 0.1 * 3],
    ["the lowest for what is no number", fixed(-5, 5, 0.5), Number.NaN, -5],
    ["the lowest for a text", fixed(-5, 5, 0.5), "3", -5],
    ["a 256th of a turn", angle, 1, 41 * (Math.PI / 128)],
    ["half a turn, from below", angle, Math.PI, -Math.PI],
    ["an angle of several turns", angle, 7 * Math.PI + 0.001, -Math.PI],
    ["no angle", angle, Number.NaN, 0],
    ["an angle that is infinite", angle, Number.NEGATIVE_INFINITY, 0],
    ["a byte", u8, 254.5, 255],
    ["too much for a byte", u8, 256, 255],
    ["less than nothing", u8, -3, 0],
    ["two bytes", u16, 65_535, 65_535],
    ["four bytes", u32, 2 ** 32 - 1, 2 ** 32 - 1],
    ["a signed byte", i8, -128.4, -128],
    ["a signed byte that is none", i8, Number.NaN, -128],
    ["a small negative number", i8, -0.2, 0],
    ["two signed bytes", i16, 40_000, 32_767],
    ["four signed bytes", i32, -(2 ** 40), -(2 ** 31)],
    ["a float", f32, 0.1, Math.fround(0.1)],
    ["too much for a float", f32, 1e300, 3.4028234663852886e38],
    ["a negative zero", f32, -0, 0],
    ["a double", f64, 0.1, 0.1],
    ["an infinite double", f64, Number.NEGATIVE_INFINITY, -Number.MAX_VALUE],
    ["a double that is none", f64, Number.NaN, 0],
    ["true", bool, true, true],
    ["what is only like true", bool, 1, false],
    ["one of several", oneOf("a", "b"), "b", "b"],
    ["none of several", oneOf("a", "b"), "c", "a"],
    ["a text", text(5), "añb", "añb"],
    ["a text that is cut between characters", text(4), "ab🦊", "ab"],
    ["a text that just fits", text(6), "ab🦊", "ab🦊"],
    ["half of a pair", text(9), "a\ud83e", "a\ufffd"],
    ["what is no text", text(9), 7, ""],
    ["none", optional(u8), NONE, NONE],
    ["none, said otherwise", optional(text(4)), null, NONE],
    ["no float", optional(f64), NONE, NONE],
    ["an infinite one that may be none", optional(f32), Number.POSITIVE_INFINITY, 3.4028234663852886e38],
    ["one that may be none", optional(oneOf("a", "b")), "b", "b"],
    ["false that may be none", optional(bool), false, false],
  ])("%s", (_, column, value, seen) => {
    expect(anything(column, value)).toBe(seen);
  });

  const columns = fc.constantFrom<Column>(
    fixed(0, 2000, 1 / 8),
    fixed(-1e6, 1e6, 0.001),
    fixed(-0.1, 0.7, 0.1),
    fixed(1e9, 1e9 + 1, 1e-5),
    text(5),
    oneOf("a", "", "b"),
    ...PLAIN,
    ...PLAIN.map(optional),
  );
  const values = fc.oneof(
    fc.double(),
    fc.double({ min: -2000, max: 2000 }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(true, false, undefined, null, "a", -0),
  );

  test("doing it again changes nothing", () => {
    fc.assert(
      fc.property(columns, values, (column, value) => {
        const seen = anything(column, value);
        expect(anything(column, seen)).toBe(seen);
      }),
      { numRuns: 3000 },
    );
  });

  test("a number within its limits is at most half a step off", () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (value) => {
        expect(Math.abs(quantise(fixed(-1000, 1000, 1 / 8), value) - value)).toBeLessThanOrEqual(1 / 16);
        expect(Math.abs(Math.cos(quantise(angle, value) - value))).toBeGreaterThan(
          Math.cos(Math.PI / 256) - 1e-9,
        );
      }),
    );
  });
});

test("a row is rounded where it stands, if that is asked for", () => {
  const rows = table({ x: u8, name: text(2) });
  const row = { x: 1.2, name: "abc" };
  expect(quantiseRow(rows, row, row)).toBe(row);
  expect(row).toEqual({ x: 1, name: "ab" });
});

describe("a mistake in a shape is told at once", () => {
  test.each<[string, () => unknown, string]>([
    [
      "limits the wrong way round",
      () => fixed(1, 0, 1),
      "fixed(low, high, step) takes low < high and step > 0, not 1, 0, 1",
    ],
    ["no step", () => fixed(0, 1, 0), "takes low < high and step > 0"],
    ["no limit", () => fixed(0, Number.POSITIVE_INFINITY, 1), "takes low < high and step > 0"],
    ["a step beyond the limits", () => fixed(0, 1, 2), "has 0 steps"],
    ["too many steps", () => fixed(0, 1e9, 1e-3), "can be told apart"],
    ["steps finer than numbers are there", () => fixed(1e15, 1e15 + 1, 1e-3), "can be told apart"],
    ["a text without a length", () => text(Number.NaN), "a whole number of bytes from 1 to 4096, not NaN"],
    ["a text that is too long", () => text(5000), "not 5000"],
    ["one of none", () => oneOf(), "takes 1 to 256 different texts"],
    ["one of two that are the same", () => oneOf("a", "a"), 'not ["a","a"]'],
    ["optional twice", () => optional(optional(u8)), "optional(optional(…)) is optional(…)"],
    ["no column", () => table({}), "a table has 1 to 30 columns, not 0"],
    [
      "too many",
      () => table(Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`c${i}`, u8]))),
      "not 31",
    ],
    ["a name that is no word", () => table({ "a-b": u8 }), 'not "a-b"'],
    [
      "a name with a meaning of its own",
      () => table(JSON.parse('{"__proto__":{"is":"u8"}}')),
      'not "__proto__"',
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});
