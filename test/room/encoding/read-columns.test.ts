import { describe, expect, test } from "vitest";
import {
  angle,
  bool,
  f32,
  f64,
  fixed,
  i8,
  oneOf,
  optional,
  table,
  text,
  u16,
  u32,
} from "../../../src/room/columns.js";
import type { Value } from "../../../src/room/columns.js";
import { layoutOf } from "../../../src/room/layout.js";
import {
  compiledReader,
  plainReader,
  readerOf,
  type OpenRow,
  type ReadColumns,
} from "../../../src/room/read-columns.js";
import { randomOf, seeds, type Random } from "./support/random.js";

const TABLE = table({
  a: fixed(-5, 5, 1 / 8),
  b: fixed(-1, 1, 0.3),
  c: angle,
  d: u32,
  e: i8,
  f: f32,
  g: optional(f64),
  h: bool,
  i: optional(oneOf("x", "y")),
  j: text(4),
  k: optional(text(4)),
  l: u16,
});
const COUNT = 20;

function anything(random: Random): Value {
  const some = [
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -7,
    0.3,
    300,
    2 ** 40,
    "x",
    "longer",
    "",
    true,
    undefined,
  ];
  return random.chance(0.5) ? random.between(-6, 6) : random.pick<Value>(some);
}

/** One way of reading rows, and what it has read. */
function readingBy(read: ReadColumns, rows: readonly OpenRow[]) {
  const { codings } = layoutOf(TABLE);
  const order = Uint16Array.from({ length: COUNT }, (_, i) => COUNT - 1 - i);
  const changed = new Float64Array(COUNT);
  let was = codings.map(() => new Float64Array(COUNT));
  const told: string[] = [];
  return (tick: number, settle: boolean): string => {
    const now = codings.map(() => new Float64Array(COUNT));
    const onText = (column: number, row: OpenRow, id: number): unknown =>
      told.push(`${column} ${rows.indexOf(row)} ${id}`);
    read({ rows, order, changed, tick, settle, now, was, onText });
    was = now;
    return JSON.stringify([now.map((codes) => [...codes].map(String)), [...changed], told.toSorted(), rows]);
  };
}

describe("rows are read in the same way", () => {
  test.each(seeds(5))("seed %d: whether what reads them is compiled or not", (seed) => {
    const random = randomOf(seed);
    const layout = layoutOf(TABLE);
    const rows = Array.from({ length: COUNT }, (): OpenRow => ({}));
    const twins = rows.map((): OpenRow => ({}));
    const [plain, compiled] = [
      readingBy(plainReader(layout), rows),
      readingBy(compiledReader(layout), twins),
    ];
    for (let tick = 1; tick < 100; tick++) {
      for (const [i, row] of rows.entries())
        for (const name of layout.names)
          if (random.chance(0.2)) {
            row[name] = anything(random);
            Object.assign(twins[i] ?? {}, { [name]: row[name] });
          }
      const settle = random.chance(0.5);
      expect(compiled(tick, settle)).toBe(plain(tick, settle));
    }
  });

  test("and it is made once for each layout", () => {
    expect(readerOf(layoutOf(TABLE))).toBe(readerOf(layoutOf(TABLE)));
  });
});
