import { describe, expect, test } from "vitest";
import { angle, bool, fixed, f64, oneOf, optional, table, text, u16, u8 } from "../../src/room/columns.js";
import { shapeName } from "../../src/room/shape-name.js";
import { room } from "../../src/room/shape.js";

const columns = {
  x: fixed(0, 100, 1 / 8),
  aim: angle,
  hp: u8,
  name: text(16),
  mood: oneOf("calm", "angry"),
  is: bool,
};
const nameOf = (state: Parameters<typeof room>[0]["state"], rate = 20): string =>
  shapeName(room({ rate, state }));

describe("the name of a room's shape", () => {
  test("R32: is eight letters, the same on every engine and in every version", () => {
    expect(nameOf({ players: table(columns) })).toMatch(/^[a-z0-9]{8}$/);
    expect(nameOf({ players: table(columns) })).toBe(nameOf({ players: table({ ...columns }) }));
  });

  test("R32: is another one where frames would be read in another way", () => {
    const others = [
      nameOf({ players: table(columns) }),
      nameOf({ players: table(columns) }, 30),
      nameOf({ players: table(columns), shots: table({ n: u8 }) }),
      nameOf({ shots: table({ n: u8 }), players: table(columns) }),
      nameOf({ players: table({ ...columns, x: fixed(0, 100, 1 / 4) }) }),
      nameOf({ players: table({ ...columns, x: fixed(0, 200, 1 / 8) }) }),
      nameOf({ players: table({ ...columns, x: fixed(-1, 100, 1 / 8) }) }),
      nameOf({ players: table({ ...columns, hp: u16 }) }),
      nameOf({ players: table({ ...columns, hp: f64 }) }),
      nameOf({ players: table({ ...columns, hp: optional(u8) }) }),
      nameOf({ players: table({ ...columns, name: text(17) }) }),
      nameOf({ players: table({ ...columns, name: optional(text(16)) }) }),
      nameOf({ players: table({ ...columns, mood: oneOf("angry", "calm") }) }),
      nameOf({ players: table({ ...columns, more: bool }) }),
      nameOf({}),
      nameOf({}, 0),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test("R32: is spread evenly", () => {
    const names = new Set<string>();
    for (let most = 1; most <= 400; most++)
      for (let rate = 0; rate < 50; rate++) names.add(nameOf({ a: table({ b: text(most) }) }, rate));
    expect(names.size).toBe(20_000);
    const firsts = new Set([...names].map(([letter]) => letter));
    const lasts = new Set([...names].map((name) => name.at(-1)));
    expect([firsts.size, lasts.size]).toEqual([36, 36]);
  });

  test("R32: does not depend on its code, its seats or its schemas", () => {
    const state = { players: table(columns) };
    expect(shapeName(room({ state, seats: 3, grace: "1s", keep: "inputs" }))).toBe(
      shapeName(room({ state })),
    );
  });
});
