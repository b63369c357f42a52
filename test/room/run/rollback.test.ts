import { describe, expect, test } from "vitest";
import { fixed, table, text, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { CRASHED } from "../../../src/server/kinds/room/run/run.js";
import { again, input, joins, runOf, stepTimes } from "./support.js";

const shape = room({
  rate: 20,
  state: { rows: table({ n: u32, name: text(8) }), spots: table({ x: fixed(0, 100, 0.5) }) },
});

/** A room in which inputs and ticks do as they are told, and then throw if they are told so. */
function obedient() {
  const orders = { tick: "fine" };
  const definition = shape.code({
    join(r, { id }) {
      r.state.rows.set(id, { n: 0, name: id });
    },
    leave(r, { id }) {
      r.state.rows.delete(id);
      if (id === "stubborn") throw new Error("I stay");
    },
    input(r, { id }, order) {
      const row = r.state.rows.get(id);
      if (row !== undefined) row.n++;
      mess(r.state.rows, order);
      r.random();
      r.after(100, "later", id);
      if (order === "throw") throw new Error(`${id} threw`);
    },
    tick(r) {
      r.state.spots.set("tick", { x: r.tick % 100 });
      mess(r.state.rows, orders.tick);
      if (orders.tick === "throw") throw new Error("the tick threw");
    },
    timers: {
      later(r, id: string) {
        r.state.spots.set(id, { x: 1 });
      },
    },
  });
  return { orders, run: runOf(definition), definition };
}

/** Changes all there is, in order and in content. */
function mess(rows: Map<string, { n: number; name: string }>, order: unknown): void {
  if (order !== "throw") return;
  const all = [...rows].reverse();
  rows.clear();
  for (const [key, row] of all) rows.set(key, { ...row, n: row.n + 1000, name: "mess" });
  rows.set("extra", { n: 1, name: "extra" });
}

describe("R9: a hook that throws takes back what it did", () => {
  test("R9: what one input did is undone, and what others did in the same tick is not", () => {
    const { run, definition } = obedient();
    run.step([joins("c"), joins("a"), joins("b")]);
    const twin = again(definition.def, run);
    const { threw, isDiscarded } = run.step([input("a", 1), input("b", 1, "throw"), input("c", 1)]);
    expect(threw).toEqual([{ tick: 2, hook: "input", seat: "b", which: 1, error: new Error("b threw") }]);
    expect(isDiscarded).toBe(false);
    expect([...(run.state["rows"] ?? [])]).toEqual([
      ["c", { n: 1, name: "c" }],
      ["a", { n: 1, name: "a" }],
      ["b", { n: 0, name: "b" }],
    ]);
    // Random numbers, timers and the order of rows, too, are as if there had been no such input.
    twin.step([input("a", 1), { is: "here", seat: "b", from: 2 }, input("c", 1)]);
    expect(run.seats.get("b")?.inputs.last).toBe(1);
    for (const one of [run, twin]) one.step([{ is: "leave", seat: "b", why: "left" }]);
    expect(run.checkpoint()).toEqual(twin.checkpoint());
  });

  test("R9: an input whose hook threw counts as taken", () => {
    const { run } = obedient();
    run.step([joins("a"), input("a", 1, "throw")]);
    expect(run.step([input("a", 1, "throw")]).threw).toEqual([]);
  });

  test("R9: where tick throws, all of the tick is undone but who came and went", () => {
    const { orders, run } = obedient();
    run.step([joins("a"), joins("b")]);
    orders.tick = "throw";
    const { threw, isDiscarded, left, answers } = run.step([
      input("a", 1),
      { is: "leave", seat: "b", why: "left" },
      joins("c"),
    ]);
    expect([threw.length, threw[0]?.hook, isDiscarded, left.length, answers[0]?.answer]).toEqual([
      1,
      "tick",
      true,
      1,
      "ok",
    ]);
    expect([...(run.state["rows"] ?? [])]).toEqual([
      ["a", { n: 0, name: "a" }],
      ["c", { n: 0, name: "c" }],
    ]);
    expect(run.state["spots"]?.get("tick")).toEqual({ x: 1 });
    expect(run.seats.get("a")?.inputs.last).toBe(1);
  });

  test("R9: timers that were due in a tick that came to nothing are due in the next one", () => {
    const { orders, run } = obedient();
    run.step([joins("a")]);
    run.step([input("a", 1)]);
    run.step();
    orders.tick = "throw";
    stepTimes(run, 3);
    expect(run.state["spots"]?.has("a")).toBe(false);
    orders.tick = "fine";
    run.step();
    expect(run.state["spots"]?.has("a")).toBe(true);
  });

  test("R9: a seat leaves although its hook throws", () => {
    const { run } = obedient();
    run.step([joins("stubborn")]);
    const { left, threw } = run.step([{ is: "leave", seat: "stubborn", why: "kicked" }]);
    expect([left, threw[0]?.hook]).toEqual([[{ seat: "stubborn", why: "kicked" }], "leave"]);
    expect([run.seats.size, [...(run.state["rows"]?.keys() ?? [])]]).toEqual([0, ["stubborn"]]);
  });

  test("R9: a timer that throws is not called again", () => {
    let calls = 0;
    const run = runOf(
      shape.code({
        join: (r) => r.after(50, "bad"),
        timers: {
          bad(r) {
            calls++;
            r.after(50, "bad");
            throw new Error("bad");
          },
        },
      }),
    );
    run.step([joins("a")]);
    const outcomes = stepTimes(run, 5);
    expect(outcomes.map(({ threw }) => threw.length)).toEqual([1, 0, 0, 0, 0]);
    expect(outcomes[0]?.threw[0]).toMatchObject({ hook: "timer", which: "bad" });
    expect(calls).toBe(1);
  });

  test("R9: what can be kept of a tick in which many throw is who came and went", () => {
    const { run } = obedient();
    const seats = Array.from({ length: 12 }, (_, at) => `s${at}`);
    run.step(seats.map((seat) => joins(seat)));
    const { threw, isDiscarded } = run.step(seats.map((seat) => input(seat, 1, "throw")));
    expect([threw.length, isDiscarded]).toEqual([9, true]);
    expect([...(run.state["rows"]?.values() ?? [])].every((row) => row["n"] === 0)).toBe(true);
  });

  test("R9: events, a wish for a checkpoint and an end that came of it are taken back", () => {
    const run = runOf(
      room({ checkpoint: "1h", state: {}, events: { hello: anything } }).code({
        input(r) {
          r.send("hello", 1);
          r.checkpoint();
          r.close("over");
          throw new Error("no");
        },
      }),
    );
    const outcome = run.step([joins("a"), input("a", 1)]);
    expect([outcome.sends, outcome.wantsCheckpoint, outcome.closed, outcome.threw.length]).toEqual([
      [],
      false,
      undefined,
      1,
    ]);
  });
});

describe("R9: a room that cannot go on", () => {
  test("R9: is closed after twenty ticks in a row that came to nothing", () => {
    const { orders, run } = obedient();
    orders.tick = "throw";
    expect(stepTimes(run, 19).every(({ closed }) => closed === undefined)).toBe(true);
    expect(run.step().closed).toBe(CRASHED);
    expect(() => run.step()).toThrow("the room is closed: crashed");
  });

  test("R9: begins to count anew with a tick that came to something, and counts on in another process", () => {
    const { orders, run, definition } = obedient();
    orders.tick = "throw";
    stepTimes(run, 19);
    orders.tick = "fine";
    run.step();
    orders.tick = "throw";
    stepTimes(run, 10);
    const next = again(definition.def, run);
    stepTimes(next, 9);
    expect(next.closed).toBeUndefined();
    expect(next.step().closed).toBe(CRASHED);
  });

  test("R9: is not closed by a player whose every input throws", () => {
    const { run } = obedient();
    run.step([joins("a")]);
    for (let n = 1; n <= 50; n++) run.step([input("a", n, "throw")]);
    expect([run.closed, run.tick]).toEqual([undefined, 51]);
  });
});

describe("a state that could not be kept", () => {
  const spoil = (spoiler: (rows: Map<string, { n: number; name: string }>) => void) => {
    const run = runOf(
      shape.code({
        join(r, { id }) {
          r.state.rows.set(id, { n: 1, name: id });
        },
        input(r, _seat, what) {
          if (what === "spoil") spoiler(r.state.rows);
          else r.state.rows.set("good", { n: 2, name: "good" });
        },
      }),
    );
    run.step([joins("a"), joins("b")]);
    const { threw, isDiscarded } = run.step([input("a", 1, "spoil"), input("b", 1, "good")]);
    expect([threw.length, threw[0]?.hook, threw[0]?.seat, isDiscarded]).toEqual([1, "input", "a", false]);
    expect([...(run.state["rows"]?.keys() ?? [])]).toEqual(["a", "b", "good"]);
    return String(threw[0]?.error);
  };
  const rows = { n: 1, name: "" };

  test("is taken back with the hook that left it: a key that is too long", () => {
    expect(spoil((state) => state.set("x".repeat(65), { ...rows }))).toContain(
      "a key of rows must be a text",
    );
  });
  test("a key that is no text", () => {
    expect(spoil((state) => state.set(7 as unknown as string, { ...rows }))).toContain("must be a text");
  });
  test("a row that is none", () => {
    expect(spoil((state) => state.set("x", null as unknown as typeof rows))).toContain("must be an object");
  });
  test("a row that is frozen", () => {
    expect(spoil((state) => state.set("x", Object.freeze({ ...rows })))).toContain("is frozen");
  });
  test("a property that is no column, in development", () => {
    expect(spoil((state) => state.set("x", { ...rows, speed: 1 } as typeof rows))).toContain('has "speed"');
  });
  test("one row in two places, in development", () => {
    expect(spoil((state) => state.set("x", state.get("a") ?? rows))).toContain("is in the state twice");
  });
});

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;
