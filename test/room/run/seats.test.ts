import { describe, expect, test } from "vitest";
import { table, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { again, joins, runOf, stepTimes } from "./support.js";

function lobby(throwsFor?: string) {
  const heard: string[] = [];
  const shape = room({ rate: 10, seats: 2, grace: "500ms", state: { rows: table({ n: u32 }) } });
  const definition = shape.code({
    join(r, { id }) {
      heard.push(`${r.tick} join ${id}`);
      r.state.rows.set(id, { n: r.tick });
      if (id === throwsFor) throw new Error("not you");
    },
    leave(r, { id }, why) {
      heard.push(`${r.tick} ${why} ${id}`);
      r.state.rows.delete(id);
    },
  });
  return { heard, run: runOf(definition), definition };
}

describe("R20: seats are counted in one place, at once", () => {
  test("R20: a join takes a seat, or is told that the room is full", () => {
    const { run } = lobby();
    const { answers } = run.step([joins("a"), joins("b"), joins("c")]);
    expect(answers.map(({ seat, answer }) => [seat, answer])).toEqual([
      ["a", "ok"],
      ["b", "ok"],
      ["c", "room_full"],
    ]);
    expect([...run.seats.keys()]).toEqual(["a", "b"]);
  });

  test("R20: a join that is repeated is the same join", () => {
    const { heard, run } = lobby();
    run.step([joins("a")]);
    const { answers } = run.step([joins("a")]);
    expect(answers).toEqual([{ seat: "a", answer: "again" }]);
    expect(heard).toEqual(["1 join a"]);
  });

  test("R20: of seats that come and go in one tick the order decides", () => {
    const { heard, run } = lobby();
    run.step([joins("a"), joins("b")]);
    const { answers } = run.step([joins("c"), { is: "leave", seat: "a", why: "left" }, joins("d")]);
    expect(answers.map(({ answer }) => answer)).toEqual(["room_full", "ok"]);
    expect(heard.slice(2)).toEqual(["2 left a", "2 join d"]);
  });

  test("R20: a place that is kept counts, is taken by whom it is kept for, and goes when its time is over", () => {
    const { run } = lobby();
    run.step([
      { is: "reserve", seat: "a", ms: 300 },
      { is: "reserve", seat: "b", ms: 300 },
    ]);
    expect(run.step([joins("c"), joins("a")]).answers.map(({ answer }) => answer)).toEqual([
      "room_full",
      "ok",
    ]);
    const late = stepTimes(run, 2);
    expect(late.every(({ answers }) => answers.length === 0)).toBe(true);
    expect(run.step([joins("b"), joins("c")]).answers.map(({ answer }) => answer)).toEqual([
      "ok",
      "room_full",
    ]);
  });

  test("R20: a seat whose hook threw is not taken, and what the hook did is undone", () => {
    const { run } = lobby("a");
    const { answers, threw, isDiscarded } = run.step([joins("a"), joins("b")]);
    expect(answers.map(({ seat, answer }) => [seat, answer])).toEqual([
      ["a", "refused"],
      ["b", "ok"],
    ]);
    expect(answers[0]?.error).toEqual(new Error("not you"));
    expect([[...run.seats.keys()], [...(run.state["rows"]?.keys() ?? [])]]).toEqual([["b"], ["b"]]);
    expect(threw).toEqual([
      { tick: 1, hook: "join", seat: "a", which: undefined, error: new Error("not you") },
    ]);
    expect(isDiscarded).toBe(false);
  });

  test("R8: a seat that was granted before is honoured although the room is full", () => {
    const { run } = lobby();
    run.step([joins("a"), joins("b")]);
    const { answers } = run.step([{ is: "join", seat: "c", user: null, join: null, over: true }]);
    expect(answers[0]?.answer).toBe("ok");
    expect(run.step([joins("d")]).answers[0]?.answer).toBe("room_full");
  });

  test("an id that cannot travel is refused", () => {
    const { run } = lobby();
    const bad = ["", "x".repeat(65), "\ud800"].map((seat) => joins(seat));
    expect(run.step(bad).answers.map(({ answer }) => answer)).toEqual([
      "bad_request",
      "bad_request",
      "bad_request",
    ]);
  });
});

describe("R19: a seat outlives its connections", () => {
  test("R19: within the grace it is the same seat, and no hook is called", () => {
    const { heard, run } = lobby();
    run.step([joins("a")]);
    run.step([{ is: "away", seat: "a" }]);
    expect(run.seats.get("a")?.shown.here).toBe(false);
    stepTimes(run, 4);
    run.step([{ is: "here", seat: "a" }]);
    stepTimes(run, 20);
    expect(run.seats.get("a")?.shown.here).toBe(true);
    expect(heard).toEqual(["1 join a"]);
  });

  test("R19: when the grace is over it is free", () => {
    const { heard, run } = lobby();
    run.step([joins("a")]);
    run.step([{ is: "away", seat: "a" }]);
    const after = stepTimes(run, 6);
    expect(after.map(({ left }) => left.length)).toEqual([0, 0, 0, 0, 1, 0]);
    expect(heard).toEqual(["1 join a", "7 away a"]);
    expect(run.seats.size).toBe(0);
  });

  test("R19: being away twice does not make the grace longer", () => {
    const { heard, run } = lobby();
    run.step([joins("a")]);
    run.step([{ is: "away", seat: "a" }]);
    stepTimes(run, 3);
    run.step([{ is: "away", seat: "a" }]);
    run.step();
    expect(heard).toEqual(["1 join a", "7 away a"]);
  });

  test("R19: a join of a seat that is taken brings its player back", () => {
    const { heard, run } = lobby();
    run.step([joins("a")]);
    run.step([{ is: "away", seat: "a" }]);
    expect(run.step([joins("a")]).answers[0]?.answer).toBe("again");
    stepTimes(run, 10);
    expect(heard).toEqual(["1 join a"]);
  });

  test("R19: a room that goes on in another process keeps seats, and how long they are kept", () => {
    const { heard, run, definition } = lobby();
    run.step([joins("a"), joins("b")]);
    run.step([{ is: "away", seat: "b" }]);
    run.step();
    const next = again(definition.def, run);
    stepTimes(next, 3);
    expect(heard).toEqual(["1 join a", "1 join b"]);
    next.step();
    expect([heard.at(-1), [...next.seats.keys()]]).toEqual(["7 away b", ["a"]]);
  });
});
