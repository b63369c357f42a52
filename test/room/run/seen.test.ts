import { describe, expect, test } from "vitest";
import { table, text, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { again, joins, runOf, stepTimes } from "./support.js";

/** A room whose only row says which tick it is of, and which looks back when it is told to. */
function clock() {
  const looked: unknown[] = [];
  const shape = room({ rate: 20, state: { clock: table({ tick: u32 }), names: table({ name: text(8) }) } });
  const definition = shape.code({
    input(r, seat, what) {
      if (what === "look") looked.push(r.seen(seat).clock.get("now")?.tick);
      if (what === "names") looked.push([...r.seen(seat).names.keys()].join());
      if (what === "swap") {
        const names = [...r.state.names].reverse();
        r.state.names.clear();
        for (const [key, row] of names) r.state.names.set(key, row);
      }
      if (what === "write") Object.assign(r.seen(seat).clock.get("now") ?? {}, { tick: 0 });
      if (what === "twice") looked.push(r.seen(seat).clock.get("now") === r.seen(seat).clock.get("now"));
    },
    tick(r) {
      r.state.clock.set("now", { tick: r.tick });
    },
  });
  const run = runOf(definition);
  run.step([joins("a")]);
  let n = 0;
  const act = (what: string, seen?: number, on = run) =>
    on.step([{ is: "input", seat: "a", n: ++n, input: what, ...(seen !== undefined && { seen }) }]);
  return { looked, run, definition, act };
}

describe("r.seen shows the room as a player saw it", () => {
  test("at the tick that came with the input", () => {
    const { looked, run, act } = clock();
    act("look");
    stepTimes(run, 20);
    act("look", 15);
    act("look", 18);
    expect(looked).toEqual([1, 15, 18]);
  });

  test("at the tick that was acknowledged, where the input does not say it", () => {
    const { looked, run, act } = clock();
    act("look");
    stepTimes(run, 20);
    run.step([{ is: "seen", seat: "a", tick: 17 }]);
    act("look");
    expect(looked[1]).toBe(17);
  });

  test("at most 32 ticks ago", () => {
    const { looked, run, act } = clock();
    act("look");
    stepTimes(run, 50);
    act("look", 3);
    expect(run.tick).toBe(53);
    expect(looked[1]).toBe(53 - 32);
  });

  test("never ahead of the room, and never further back than before, whatever a client makes up", () => {
    const { looked, run, act } = clock();
    act("look");
    stepTimes(run, 20);
    act("look", 1_000_000);
    act("look", 5);
    expect(looked.slice(1)).toEqual([22, 22]);
  });

  test("as it is where nothing is known of the player", () => {
    const { looked, run, act } = clock();
    stepTimes(run, 10);
    act("look");
    expect(looked).toEqual([11]);
  });

  test("from the first time on that it was asked for: no past is kept for rooms that never look", () => {
    const { looked, run, act } = clock();
    stepTimes(run, 20);
    act("look", 5);
    expect(looked).toEqual([21]);
    act("look", 22);
    expect(looked[1]).toBe(22);
  });

  test("with its rows in the order of then", () => {
    const { looked, run, act } = clock();
    act("look");
    run.state["names"]?.set("x", { name: "x" }).set("y", { name: "y" });
    run.step();
    act("swap");
    run.step();
    act("names", 3);
    act("names", 5);
    expect(looked.slice(1)).toEqual(["x,y", "y,x"]);
  });

  test("frozen", () => {
    const { run, act } = clock();
    act("look");
    expect(String(act("write").threw[0]?.error)).toContain("read only");
    expect(run.closed).toBeUndefined();
  });

  test("as the same rows when it is asked again", () => {
    const { looked, act } = clock();
    act("twice");
    expect(looked).toEqual([true]);
  });

  test("in a room that goes on in another process, too", () => {
    const { looked, run, act, definition } = clock();
    act("look");
    stepTimes(run, 40);
    const next = again(definition.def, run);
    expect(next.checkpoint()).toEqual(run.checkpoint());
    act("look", 20, next);
    expect(looked[1]).toBe(20);
  });

  test("and only from the checkpoint on, where that is without a past", () => {
    const { looked, run, act, definition } = clock();
    act("look");
    stepTimes(run, 40);
    const small = run.checkpoint({ past: false });
    expect(small.length).toBeLessThan(run.checkpoint().length);
    const next = new Run(definition.def, { from: small });
    act("look", 20, next);
    expect(looked[1]).toBe(42);
  });
});
