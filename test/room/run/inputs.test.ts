import { describe, expect, test } from "vitest";
import { table, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { again, input, joins, runOf, stepTimes } from "./support.js";

/** Writes down which inputs it was given in which tick. */
function recorder(idle: "skip" | "repeat" = "skip") {
  const given: [tick: number, seat: string, input: unknown][] = [];
  const shape = room({ rate: 20, idle, state: { none: table({ n: u32 }) } });
  const definition = shape.code({
    input(r, seat, value) {
      given.push([r.tick, seat.id, value]);
    },
  });
  const run = runOf(definition);
  run.step([joins("a"), joins("b")]);
  return { given, run, definition };
}

/** The last input that was taken, how many wait and how many were dropped. */
function bufferOf(run: ReturnType<typeof runOf>, seat: string): number[] {
  const inputs = run.seats.get(seat)?.inputs;
  return inputs === undefined ? [] : [inputs.last, inputs.depth, inputs.dropped];
}

describe("R17: one input is one step", () => {
  test("R17: one is taken a tick, in the order of their numbers", () => {
    const { given, run } = recorder();
    run.step([input("a", 2), input("a", 1)]);
    expect(bufferOf(run, "a")).toEqual([1, 1, 0]);
    run.step();
    run.step();
    expect(given).toEqual([
      [2, "a", 1],
      [3, "a", 2],
    ]);
    expect(bufferOf(run, "a")).toEqual([2, 0, 0]);
  });

  test("R17: two are taken while more than two wait", () => {
    const { given, run } = recorder();
    run.step([1, 2, 3, 4, 5].map((n) => input("a", n)));
    stepTimes(run, 3);
    expect(given.map(([tick, , n]) => [tick, n])).toEqual([
      [2, 1],
      [2, 2],
      [3, 3],
      [3, 4],
      [4, 5],
    ]);
  });

  test("R17: on average one is taken a tick, and four more in a burst, whatever comes", () => {
    const { given, run } = recorder();
    let n = 0;
    for (let tick = 0; tick < 100; tick++) run.step([1, 2, 3].map(() => input("a", ++n)));
    expect(given.length).toBeGreaterThan(99);
    expect(given.length).toBeLessThanOrEqual(104);
    expect(given.filter(([tick]) => tick === 101)).toHaveLength(1);
  });

  test("R17: of more than eight that wait the oldest is dropped, counted, and done with", () => {
    const { given, run } = recorder();
    run.step(Array.from({ length: 11 }, (_, at) => input("a", at + 1)));
    expect(given.map(([, , n]) => n)).toEqual([4, 5]);
    expect(bufferOf(run, "a")).toEqual([5, 6, 3]);
  });

  test("R17: a tick without an input of a seat calls nothing", () => {
    const { given, run } = recorder();
    run.step([input("a", 1)]);
    stepTimes(run, 3);
    expect(given).toHaveLength(1);
  });

  test("R17: with idle: repeat the last one is taken again, but not of a player who is away, and not before the first", () => {
    const { given, run } = recorder("repeat");
    run.step();
    run.step([input("a", 1)]);
    run.step();
    run.step([{ is: "away", seat: "a" }]);
    run.step([{ is: "here", seat: "a" }]);
    expect(given).toEqual([
      [3, "a", 1],
      [4, "a", 1],
      [6, "a", 1],
    ]);
    expect(bufferOf(run, "a")).toEqual([1, 0, 0]);
  });

  test("R17: an input that a hook tries to change is frozen", () => {
    const shape = room({ state: { none: table({ n: u32 }) } });
    const definition = shape.code({
      input(_r, _seat, value) {
        (value as { deep: { x: number } }).deep.x = 1;
      },
    });
    const run = runOf(definition);
    const { threw } = run.step([joins("a"), input("a", 1, { deep: { x: 0 } })]);
    expect(String(threw[0]?.error)).toContain("read only");
  });
});

describe("R14: an input is taken at most once", () => {
  test("R14: one that comes again is none, whether it waits or was taken", () => {
    const { given, run } = recorder();
    run.step([input("a", 1), input("a", 1), input("a", 2), input("a", 2)]);
    run.step([input("a", 1), input("a", 2)]);
    stepTimes(run, 3);
    expect(given.map(([, , n]) => n)).toEqual([1, 2]);
  });

  test("R14: one that was dropped is not taken when it comes again", () => {
    const { given, run } = recorder();
    run.step(Array.from({ length: 9 }, (_, at) => input("a", at + 1)));
    run.step([input("a", 1)]);
    stepTimes(run, 9);
    expect(given.map(([, , n]) => n)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("R14: a missing one is waited for, since its node sends it again", () => {
    const { given, run } = recorder();
    run.step([input("a", 1), input("a", 3)]);
    stepTimes(run, 3);
    expect(given.map(([, , n]) => n)).toEqual([1]);
    run.step([input("a", 2)]);
    run.step();
    expect(given.map(([, , n]) => n)).toEqual([1, 2, 3]);
  });

  test("R14: numbers that its node does not hold are passed over when it says so", () => {
    const { given, run } = recorder();
    run.step([input("a", 41), { is: "here", seat: "a", from: 41 }]);
    run.step([input("a", 40), input("a", 42)]);
    expect(given.map(([, , n]) => n)).toEqual([41, 42]);
  });

  test("R14: numbers count for each seat, and from 1 again for one that is taken anew", () => {
    const { given, run } = recorder();
    run.step([input("a", 1), input("b", 1)]);
    run.step([{ is: "leave", seat: "a", why: "left" }, joins("a"), input("a", 1)]);
    expect(given.map(([, seat]) => seat)).toEqual(["a", "b", "a"]);
  });

  test("R14: a room that goes on from a checkpoint knows what was taken, and what waits", () => {
    const { given, run, definition } = recorder();
    run.step([1, 2, 3, 4].map((n) => input("a", n)));
    const next = again(definition.def, run);
    next.step([1, 2, 3, 4].map((n) => input("a", n)));
    next.step();
    expect(given.map(([, , n]) => n)).toEqual([1, 2, 3, 4]);
  });

  test("numbers and ticks that a client makes up are passed over, and are in no entry", () => {
    const { given, run } = recorder();
    const bad = [0, -1, 1.5, Number.NaN, 2 ** 60].map((n) => input("a", n));
    const { entry } = run.step([
      ...bad,
      { is: "seen", seat: "a", tick: -5 },
      { is: "here", seat: "a", from: 0 },
    ]);
    expect([given, entry]).toEqual([[], undefined]);
  });
});
