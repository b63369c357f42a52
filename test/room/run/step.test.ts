import { describe, expect, test } from "vitest";
import * as z from "zod";
import { table, u32 } from "../../../src/room/columns.js";
import { room } from "../../../src/room/shape.js";
import { replay } from "../../../src/testing/room/replay.js";
import { step } from "../../../src/testing/room/step.js";
import { Arena } from "./arena.js";
import { codeOf } from "./support.js";

const ann = { name: "ann" };
const bob = { name: "bob" };
const still = { dx: 0, dy: 0, aim: 0, shoot: false };

describe("step() runs a room as its author writes tests for it", () => {
  test("a shot hits where the other one is", () => {
    const run = step(Arena, { seed: 7, seats: { a: ann, b: bob } });
    run.input("a", { dx: 1, dy: 0, aim: 0, shoot: true });
    run.ticks(40);
    expect(run.state.players.get("b")?.hp).toBe(75);
    expect(replay(Arena, run.log)).toEqual(run.bytes);
  });

  test("four shots kill, which is told, and three seconds later the player is back", () => {
    const run = step(Arena, { seats: { a: ann, b: bob } });
    for (let shot = 0; shot < 4; shot++) {
      run.input("a", { ...still, shoot: true });
      run.ticks(5);
    }
    expect(run.sent).toEqual([{ tick: 17, event: "kill", data: { by: "a", whom: "b" }, to: undefined }]);
    expect(run.state.players.get("b")?.hp).toBe(0);
    expect(run.state.players.get("a")?.score).toBe(1);
    run.pass("3s");
    expect(run.state.players.get("b")?.hp).toBe(100);
    expect(replay(Arena, run.log)).toEqual(run.bytes);
  });

  test("R13: what is in a log goes through text, and a report of a mistake is that text", () => {
    const run = step(Arena, { seats: { a: ann } });
    run.input("a", { dx: 1, dy: 1, aim: 1, shoot: true });
    run.ticks(3);
    run.join("b", bob);
    run.away("a");
    run.ticks(30);
    run.leave("b", "kicked");
    run.ticks(2);
    const log = JSON.parse(JSON.stringify(run.log)) as typeof run.log;
    expect(replay(Arena, log)).toEqual(run.bytes);
    expect(log.entries[0]).toBe('[1,null,["join","a",{"id":"a"},{"name":"ann"},false]]');
  });

  test("R4: a room that is taken over by another process goes on as if nothing had been", () => {
    const play = (takesOver: boolean): Uint8Array => {
      const run = step(Arena, { seed: 3, seats: { a: ann, b: bob } });
      for (let tick = 0; tick < 60; tick++) {
        run.input("a", { dx: 1, dy: 0.3, aim: tick / 10, shoot: tick % 4 === 0 }, Math.max(0, tick - 3));
        run.input("b", { dx: -1, dy: 0, aim: 3, shoot: tick % 7 === 0 });
        run.ticks();
        if (takesOver && tick % 11 === 0) run.takeOver();
      }
      return run.bytes;
    };
    expect(play(true)).toEqual(play(false));
  });

  test("what does not fit a schema is refused where it is said, and never reaches the room", () => {
    const run = step(Arena, { seats: { a: ann } });
    expect(codeOf(() => run.input("a", { ...still, dx: 2 }))).toBe("invalid");
    expect(codeOf(() => run.join("b", { name: "" }))).toBe("invalid");
  });

  test("joins are answered with the tick that they come in", () => {
    const run = step(Arena, { seats: { a: ann, b: bob, c: ann, d: ann } });
    run.join("e", ann);
    expect(run.answer("e")).toBeUndefined();
    run.ticks();
    expect([run.answer("a"), run.answer("e")]).toEqual(["ok", "room_full"]);
    expect([...run.seats.keys()]).toEqual(["a", "b", "c", "d"]);
    expect(() => step(Arena, { seats: { a: ann, b: ann, c: ann, d: ann, e: ann } })).toThrow(
      "e cannot join: room_full",
    );
  });

  test("what a player is shown can be asked for", () => {
    const run = step(Arena, { seats: { a: ann } });
    expect(run.view("a")).toEqual({ x: 100, y: 100, rx: 440, ry: 340 });
  });

  const shape = room({ state: { rows: table({ n: u32 }) }, input: z.string() });

  test("what a hook throws is thrown by the test, once the tick has ended, unless that is what it looks at", () => {
    const broken = shape.code({
      input(_r, _seat, what) {
        throw new Error(what);
      },
    });
    const run = step(broken, { seats: { a: undefined } });
    run.input("a", "one");
    expect(() => run.ticks()).toThrow("one");
    run.input("a", "two");
    expect(() => run.ticks()).toThrow("two");
    expect(run.tick).toBe(3);
    const quiet = step(broken, { seats: { a: undefined }, rethrow: false });
    quiet.input("a", "one");
    quiet.ticks();
    expect(quiet.threw).toEqual([new Error("one")]);
  });

  test("R31: with verify each tick is made twice, and one that comes out in another way is an error", () => {
    let kept = 0;
    const leaky = shape.code({ tick: (r) => void r.state.rows.set("a", { n: ++kept }) });
    expect(codeOf(() => step(leaky, { verify: true }).ticks())).toBe("diverged");
    step(Arena, { verify: true, seats: { a: ann, b: bob } }).ticks(20);
  });
});
