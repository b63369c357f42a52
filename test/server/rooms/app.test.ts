/** Rooms as an app takes them, before anybody is there. */
import { describe, expect, test } from "vitest";
import { table, u8 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { tidemark } from "../../../src/server/index.js";
import { readLimits } from "../../../src/server/options.js";

const state = { things: table({ n: u8 }) };

describe("an app", () => {
  test("R41: throws where a limit of rooms is none, and fills in what is not said", () => {
    for (const rooms of [{ seats: 0 }, { made: 0.5 }, { owned: Number.NaN }, { owned: -1 }])
      expect(() => tidemark({ limits: { rooms } })).toThrow(TypeError);
    const seats = 1;
    expect(readLimits({ limits: { rooms: { seats } } }).limits.rooms).toEqual({
      seats,
      made: 30,
      finds: 60,
      codes: 20,
      owned: 500,
    });
    expect(readLimits({ limits: { rooms: { made: false } } }).limits.rooms.made).toBe(false);
  });

  test("R32: says what is wrong with a room when it takes it, and not when the first player comes", () => {
    const wrong = room({ rate: 121, state }).code({});
    expect(() => tidemark().channels({ "arena/:id": wrong })).toThrow("rate must be a whole number");
    expect(() => tidemark().channels({ "arena/:id": room({ state }).code({}) })).not.toThrow();
  });
});
