import { describe, expect, test } from "vitest";
import { Inputs } from "../../../src/client/room/inputs.js";
import { Pace } from "../../../src/client/room/pace.js";
import { play, runAbout, SEEDS } from "./game.js";
import { PHONE } from "./link.js";

const INTERVAL = 50;

function numbers(inputs: Inputs<string>): number[] {
  return inputs.pending.map(({ number }) => number);
}

describe("a seat's inputs", () => {
  test("R14: are numbered from 1, and none twice", () => {
    const inputs = new Inputs<string>();
    expect(inputs.add("a", 0)).toEqual({ number: 1, input: "a", at: 0 });
    expect(inputs.add("b", 50)?.number).toBe(2);
    inputs.drop();
    expect(inputs.add("c", 100)?.number).toBe(3);
  });

  test("R14: go on with the numbers that the seat had elsewhere", () => {
    const inputs = new Inputs<string>(41);
    inputs.acknowledge(41, 0, 0);
    expect(inputs.add("a", 0)?.number).toBe(42);
  });

  test("R15: are kept until a frame acknowledges them", () => {
    const inputs = new Inputs<string>();
    for (const [i, input] of ["a", "b", "c"].entries()) inputs.add(input, i * INTERVAL);
    inputs.acknowledge(2, 0, 200);
    expect(inputs.pending).toEqual([{ number: 3, input: "c", at: 100 }]);
    // A frame of an older checkpoint knows less; what it knew is not needed again.
    inputs.acknowledge(1, 0, 250);
    expect(numbers(inputs)).toEqual([3]);
  });

  test("R16: are at most 32 that are not acknowledged", () => {
    const inputs = new Inputs<string>();
    for (let i = 1; i <= 32; i++) expect(inputs.add("a", i)?.number).toBe(i);
    expect(inputs.add("a", 33)).toBeUndefined();
    inputs.acknowledge(1, 0, 40);
    expect(inputs.add("a", 41)?.number).toBe(33);
  });

  test("R15: tell how long the way is by the newest that has come, however many wait before it", () => {
    const inputs = new Inputs<string>();
    for (let i = 1; i <= 5; i++) inputs.add("a", i * 10);
    expect(inputs.acknowledge(1, 2, 130)).toBe(100);
    // The same one has only waited longer.
    expect(inputs.acknowledge(2, 1, 180)).toBeUndefined();
    expect(inputs.acknowledge(5, 0, 180)).toBe(130);
    expect(inputs.acknowledge(5, 0, 230)).toBeUndefined();
  });
});

describe("the pace of inputs", () => {
  test("R17: is one for each tick, the first one at once", () => {
    const pace = new Pace(INTERVAL);
    let made = 0;
    for (let now = 0; now < 10_000; now += 16) made += pace.due(now);
    expect(made).toBe(200);
  });

  test("is a tenth faster or slower at most", () => {
    for (const depth of [0, 30]) {
      const pace = new Pace(INTERVAL);
      for (let i = 0; i < 100; i++) pace.report(depth, 0);
      expect(pace.speed).toBeCloseTo(depth === 0 ? 1.025 : 0.9, 2);
    }
  });

  test("does not make up for what a page missed while it stood still", () => {
    const pace = new Pace(INTERVAL);
    pace.due(0);
    expect(pace.due(60_000)).toBe(2);
    expect(pace.due(60_010)).toBe(0);
  });

  test.each(SEEDS)(
    "R17: has inputs wait for their ticks, on an uneven link and a clock that is off (seed %i)",
    (seed) => {
      for (const drift of [0.005, -0.005]) {
        const { room, scene } = play({ seed, ms: 60_000, up: PHONE, down: PHONE, keys: runAbout(), drift });
        // The first ones had to get there.
        expect(room.starved, `seed ${seed}`).toBeLessThan(room.tick * 0.02);
        expect(room.dropped).toBe(0);
        expect(scene.inputs.pending.length).toBeLessThan(12);
      }
    },
  );
});
