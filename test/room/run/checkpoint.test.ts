import { describe, expect, test } from "vitest";
import { fixed, oneOf, optional, table, text, u16, u32, u8 } from "../../../src/room/columns.js";
import { room, type RoomDef } from "../../../src/room/shape.js";
import { MOST_CHECKPOINT } from "../../../src/server/kinds/room/run/checkpoint.js";
import { Run } from "../../../src/server/kinds/room/run/run.js";
import { seededRandom } from "../../../src/testing/seeded-random.js";
import { Chaos, programOf } from "./programs.js";
import { again, codeOf, joins, runOf, stepTimes } from "./support.js";

const bytesOf = (def: RoomDef, from: Uint8Array): Run => new Run(def, { from });

function someRun(): Run {
  const run = runOf(Chaos, 3);
  for (const entered of programOf(3, 40)) run.step(entered);
  return run;
}

describe("R11: a checkpoint is read as it was written, or not at all", () => {
  test("R11: one that is cut off anywhere is refused", () => {
    const bytes = someRun().checkpoint();
    for (let size = 0; size < bytes.length; size += Math.max(1, size >>> 5))
      expect(codeOf(() => bytesOf(Chaos.def, bytes.subarray(0, size)))).toBe("bad_checkpoint");
  });

  test("R11: one with something behind its end is refused, and one of another format", () => {
    const bytes = someRun().checkpoint();
    expect(() => bytesOf(Chaos.def, Uint8Array.of(...bytes, 0))).toThrow("1 bytes follow its end");
    expect(() => bytesOf(Chaos.def, Uint8Array.of(2, ...bytes.subarray(1)))).toThrow("it is of format 2");
    expect(() => bytesOf(Chaos.def, new Uint8Array(MOST_CHECKPOINT + 1))).toThrow("more than any");
  });

  test("R11: one with any byte changed is refused, or makes a room that can go on", () => {
    const random = seededRandom(11);
    const bytes = someRun().checkpoint();
    let refused = 0;
    for (let at = 0; at < 150; at++) {
      const changed = bytes.slice();
      changed[Math.floor(random.float() * changed.length)] = Math.floor(random.float() * 256);
      const code = codeOf(() => bytesOf(Chaos.def, changed).step());
      expect([undefined, "bad_checkpoint", "room_closed"]).toContain(code);
      if (code === "bad_checkpoint") refused++;
    }
    expect(refused).toBeGreaterThan(15);
  });

  test.each([
    ["timers out of order", /"timers":\[.*?\],"seats"/, '"timers":[[2,9,"a",null],[1,8,"a",null]],"seats"'],
    [
      "a timer with a number to come",
      /"nextTimer":\d+,"timers":\[.*?\],"seats"/,
      '"nextTimer":1,"timers":[[1,8,"a",null]],"seats"',
    ],
    [
      "a seat that is taken twice",
      /"seats":\[.*\],"reserved"/,
      `"seats":[${SEAT("x")},${SEAT("x")}],"reserved"`,
    ],
    [
      "a seat that is away for ever",
      /"seats":\[.*\],"reserved"/,
      `"seats":[${SEAT("x").replace("true", "false")}],"reserved"`,
    ],
    ["random numbers that are none", /"random":\[\d+/, '"random":[-1'],
    ["a field more", /"tick":/, '"more":1,"tick":'],
    ["a column that is none", /"is":"u8"/, '"is":"u7"'],
    ["a tick that is none", /"tick":\d+/, '"tick":1.5'],
  ])("R11: one with %s is refused", (_what, pattern, by) => {
    const bytes = withHead(someRun().checkpoint(), (head) => head.replace(pattern, by));
    expect(codeOf(() => bytesOf(Chaos.def, bytes))).toBe("bad_checkpoint");
  });
});

describe("R11: a checkpoint holds all that a room is", () => {
  test("R11: also that it is over, and why", () => {
    const shape = room({ state: {} });
    const definition = shape.code({ tick: (r) => r.close("won") });
    const run = runOf(definition);
    run.step();
    expect(again(definition.def, run).closed).toBe("won");
  });

  test("R11: users and joins as JSON, frozen", () => {
    const shape = room({ state: {} });
    const run = runOf(shape.code({}));
    const user = { id: "ann", tags: ["é", { deep: -0 }] };
    run.step([{ is: "join", seat: "a", user, join: { name: "Ann" } }]);
    const seat = again(shape.code({}).def, run).seats.get("a")?.shown;
    expect(seat).toEqual({
      id: "a",
      user: { id: "ann", tags: ["é", { deep: 0 }] },
      join: { name: "Ann" },
      here: true,
    });
    expect(Object.isFrozen(seat?.user)).toBe(true);
  });

  test("R11: it is at most a mebibyte, and says so when it is made", () => {
    const shape = room({ state: { rows: table({ name: text(4000) }) } });
    const run = runOf(
      shape.code({
        join: (r) => {
          for (let at = 0; at < 300; at++) r.state.rows.set(`${at}`, { name: "x".repeat(4000) });
        },
      }),
    );
    run.step([joins("a")]);
    expect(codeOf(() => run.checkpoint())).toBe("checkpoint_too_large");
    expect(run.step().closed).toBeUndefined();
  });

  test("R11: rows in their order, which is not that of their keys", () => {
    const shape = room({ state: { rows: table({ n: u32 }) } });
    const definition = shape.code({
      tick(r) {
        if (r.tick === 1)
          for (const key of ["z", "9", "a", "1", ""]) if (key !== "") r.state.rows.set(key, { n: 1 });
        if (r.tick === 2) {
          r.state.rows.delete("9");
          r.state.rows.set("9", { n: 2 });
        }
      },
    });
    const run = runOf(definition);
    stepTimes(run, 2);
    expect([...(again(definition.def, run).state["rows"]?.keys() ?? [])]).toEqual(["z", "a", "1", "9"]);
  });
});

describe("R11: a later version of the code reads what an earlier one wrote", () => {
  const before = room({
    state: {
      rows: table({ x: fixed(0, 100, 1), old: u8, mood: oneOf("calm", "angry"), name: text(10), size: u16 }),
      gone: table({ n: u8 }),
    },
  }).code({
    join(r, { id }) {
      r.state.rows.set(id, { x: 42, old: 1, mood: "angry", name: "abcdefghij", size: 300 });
      r.state.gone.set(id, { n: 1 });
    },
  });

  test("R11: columns keep their values by name, as nearly as they are now", () => {
    const run = runOf(before);
    run.step([joins("a")]);
    const after = room({
      state: {
        added: table({ n: u8 }),
        rows: table({
          name: text(4),
          x: fixed(0, 200, 0.5),
          mood: oneOf("lost", "angry"),
          fresh: u8,
          note: optional(text(4)),
          size: u8,
        }),
      },
    }).code({});
    const next = again(after.def, run);
    expect([...(next.state["rows"] ?? [])]).toEqual([
      ["a", { name: "abcd", x: 42, mood: "angry", fresh: 0, size: 255 }],
    ]);
    expect([next.state["added"]?.size, next.state["gone"]]).toEqual([0, undefined]);
    expect(next.seats.has("a")).toBe(true);
    expect(again(after.def, next).checkpoint()).toEqual(next.checkpoint());
  });

  test("R11: what cannot be that value any more is empty", () => {
    const run = runOf(before);
    run.step([joins("a")]);
    const after = room({ state: { rows: table({ mood: oneOf("sad", "glad"), name: u8, x: text(8) }) } }).code(
      {},
    );
    expect(again(after.def, run).state["rows"]?.get("a")).toEqual({ mood: "sad", name: 0, x: "" });
  });
});

function SEAT(id: string): string {
  return `["${id}",null,null,true,null,0,0,4,null,[],[]]`;
}

/** The same checkpoint with another head. */
function withHead(bytes: Uint8Array, change: (head: string) => string): Uint8Array {
  let size = 0;
  let at = 1;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++] ?? 0;
    size += (byte & 127) * scale;
    if (byte < 128) break;
  }
  const old = new TextDecoder().decode(bytes.subarray(at, at + size));
  const head = change(old);
  expect(head).not.toBe(old);
  const written = new TextEncoder().encode(head);
  const length: number[] = [];
  for (let rest = written.length; ; rest >>>= 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) break;
  }
  return Uint8Array.of(bytes[0] ?? 0, ...length, ...written, ...bytes.subarray(at + size));
}
