import { describe, expect, test } from "vitest";
import type { Duration } from "../../../src/protocol/duration.js";
import { table, u32 } from "../../../src/room/columns.js";
import { room, type RoomOf } from "../../../src/room/shape.js";
import { Timers } from "../../../src/server/kinds/room/run/timers.js";
import { again, faultCode, input, joins, runOf, stepTimes } from "./support.js";

const shape = room({ rate: 20, state: { rows: table({ n: u32 }) } });

/** Sets timers as inputs say, and writes down which are called, and when. */
function bells(act?: (r: RoomOf<typeof shape>, what: unknown) => void) {
  const rung: [tick: number, argument: unknown][] = [];
  const definition = shape.code({
    input(r, _seat, what) {
      if (act !== undefined) act(r, what);
      else for (const [wait, argument] of what as [Duration, unknown][]) r.after(wait, "bell", argument);
    },
    timers: {
      bell(r, argument) {
        rung.push([r.tick, argument]);
        if (argument === "again") r.after(0, "bell", "again");
      },
    },
  });
  const run = runOf(definition);
  run.step([joins("a")]);
  return { rung, run, definition };
}

describe("timers are data", () => {
  test("are called in the first tick that is not earlier than their time", () => {
    const { rung, run } = bells();
    run.step([
      input("a", 1, [
        ["100ms", "two"],
        [101, "three"],
        ["1s", "twenty"],
        [0, "next"],
      ]),
    ]);
    stepTimes(run, 30);
    expect(rung).toEqual([
      [3, "next"],
      [4, "two"],
      [5, "three"],
      [22, "twenty"],
    ]);
  });

  test("are called in the order of their time, and those of one time in the order in which they were set", () => {
    const { rung, run } = bells();
    run.step([
      input("a", 1, [
        [100, 1],
        [50, 2],
        [100, 3],
        [50, 4],
        [75, 5],
      ]),
    ]);
    stepTimes(run, 3);
    expect(rung.map(([, argument]) => argument)).toEqual([2, 4, 1, 3, 5]);
  });

  test("that set themselves again are called in the next tick, and do not hold this one up", () => {
    const { rung, run } = bells();
    run.step([input("a", 1, [[0, "again"]])]);
    stepTimes(run, 3);
    expect(rung.map(([tick]) => tick)).toEqual([3, 4, 5]);
  });

  test("are called before inputs and tick, and after seats have come and gone", () => {
    const heard: string[] = [];
    const run = runOf(
      shape.code({
        create: (r) => r.after(0, "bell"),
        join: () => void heard.push("join"),
        leave: () => void heard.push("leave"),
        input: () => void heard.push("input"),
        tick: () => void heard.push("tick"),
        timers: { bell: () => void heard.push("bell") },
      }),
    );
    run.step([joins("a"), input("a", 1), joins("b"), { is: "leave", seat: "b", why: "left" }]);
    expect(heard).toEqual(["join", "join", "leave", "bell", "input", "tick"]);
  });

  test("hand over what they were given as JSON, once for each call", () => {
    const given = { deep: [1] };
    const { rung, run } = bells((r) => {
      r.after(0, "bell", given);
      given.deep.push(2);
      r.after(0, "bell");
    });
    run.step([input("a", 1)]);
    run.step();
    expect(rung).toEqual([
      [3, { deep: [1] }],
      [3, undefined],
    ]);
  });

  test("go where the room goes", () => {
    const { rung, run, definition } = bells();
    run.step([
      input("a", 1, [
        [200, "x"],
        [100, "y"],
      ]),
    ]);
    const next = again(definition.def, run);
    stepTimes(next, 4);
    expect(rung).toEqual([
      [4, "y"],
      [6, "x"],
    ]);
  });

  test("of a code that has them no more are left out, and said", () => {
    const { run } = bells();
    run.step([input("a", 1, [[50, "x"]])]);
    const next = again(shape.code({}).def, run);
    const { threw, isDiscarded } = next.step();
    expect([threw[0]?.hook, threw[0]?.which, isDiscarded]).toEqual(["timer", "bell", false]);
    expect(next.step().threw).toEqual([]);
  });

  test.each([
    ["a name that is none", (r: RoomOf<typeof shape>) => r.after(1, "toString"), "unknown_timer"],
    ["a wait that is none", (r: RoomOf<typeof shape>) => r.after("soon" as Duration, "bell"), "bad_timer"],
    ["a negative wait", (r: RoomOf<typeof shape>) => r.after(-1, "bell"), "bad_timer"],
    ["an argument that is no JSON", (r: RoomOf<typeof shape>) => r.after(1, "bell", () => 1), "bad_timer"],
    ["a long argument", (r: RoomOf<typeof shape>) => r.after(1, "bell", "x".repeat(4095)), "bad_timer"],
    ["too many", (r: RoomOf<typeof shape>) => repeat(4097, () => r.after(1, "bell")), "too_many_timers"],
  ])("are refused with a code: %s", (_what, act, code) => {
    const { run } = bells(act);
    expect(faultCode(run.step([input("a", 1)]).threw[0]?.error)).toBe(code);
  });
});

test("a list of timers that was given away is not touched any more", () => {
  const timers = new Timers();
  timers.add(1, "a", undefined);
  const before = timers.state;
  timers.add(0, "b", undefined);
  expect(timers.take(1).map(({ name }) => name)).toEqual(["b", "a"]);
  expect(before.waiting.map(({ name }) => name)).toEqual(["a"]);
  timers.state = before;
  timers.drop(1);
  expect([timers.due, timers.state.next]).toEqual([undefined, 2]);
});

function repeat(times: number, act: () => void): void {
  for (let time = 0; time < times; time++) act();
}
