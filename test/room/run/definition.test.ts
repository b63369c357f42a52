import { describe, expect, test } from "vitest";
import * as z from "zod";
import { table, text, u8 } from "../../../src/room/columns.js";
import { room, type RoomDef, type ShapeData } from "../../../src/room/shape.js";
import { settingsOf } from "../../../src/server/kinds/room/run/settings.js";
import { Arena } from "./arena.js";
import { codeOf, faultCode, runOf } from "./support.js";

/** A definition as a program without types may make it. */
function loose(
  shape: Partial<Record<keyof ShapeData, unknown>>,
  hooks: Record<string, unknown> = {},
): RoomDef {
  const { def } = room({ state: {} }).code({});
  return { shape: { ...def.shape, ...shape } as ShapeData, hooks };
}

test("a definition that makes sense is read once, with its spans in ticks", () => {
  expect(settingsOf(Arena.def)).toMatchObject({
    rate: 20,
    seats: 4,
    grace: 20,
    checkpointEvery: 40,
    keep: "checkpoints",
  });
});

test("spans are rounded up to whole ticks, and are milliseconds in a room without a rate", () => {
  const spans = (rate: number) =>
    settingsOf(room({ rate, grace: 120, checkpoint: 1, state: {} }).code({}).def);
  expect(spans(20)).toMatchObject({ grace: 3, checkpointEvery: 1 });
  expect(spans(0)).toMatchObject({ grace: 120, checkpointEvery: 1 });
});

test("what is left out has the value that the documentation says", () => {
  expect(room({ state: {} })).toMatchObject({
    rate: 20,
    seats: 64,
    grace: "20s",
    keep: "checkpoints",
    checkpoint: "2s",
    inputsFor: 0,
    idle: "skip",
    match: [],
  });
});

describe("what is wrong with a definition is said before it runs", () => {
  const long = { text: text(4096), a: text(4096), b: text(4096), c: text(4096), d: u8 };
  test.each([
    [
      "bad_rate",
      "rate must be a whole number of ticks a second from 0 to 120, not 121",
      loose({ rate: 121 }),
    ],
    ["bad_rate", "not 0.5", loose({ rate: 0.5 })],
    ["bad_rate", "not -1", loose({ rate: -1 })],
    ["bad_seats", "seats must be a whole number from 1 to 10000, not 0", loose({ seats: 0 })],
    ["bad_duration", "grace must be milliseconds or a text", loose({ grace: "soon" })],
    ["bad_duration", "checkpoint must be more than 0 ms", loose({ checkpoint: 0 })],
    ["bad_option", 'keep must be "checkpoints" or "inputs", not "all"', loose({ keep: "all" })],
    ["bad_option", "idle must be", loose({ idle: "hold" })],
    ["bad_option", 'inputsFor needs keep: "inputs"', loose({ inputsFor: "30s" })],
    ["bad_match", "at most 8 different names", loose({ match: ["mode", "mode"] })],
    ["bad_schema", "input must be a Standard Schema", loose({ input: { type: "object" } })],
    ["bad_schema", "kill must be a Standard Schema", loose({ events: { kill: {} } })],
    ["bad_schema", 'an event cannot be called "left"', loose({ events: { left: z.string() } })],
    ["bad_table", "a table's name is a letter", loose({ state: { "1st": table({ a: u8 }) } })],
    ["bad_table", "state.players must be made by table", loose({ state: { players: {} } })],
    ["bad_table", "state.players must be made by table", loose({ state: { players: undefined } })],
    ["too_many_tables", "at most 64 tables, not 65", loose({ state: tables(65) })],
    [
      "row_too_long",
      "a row of players may take 16385 bytes; 16384 is the most",
      loose({ state: { players: table(long) } }),
    ],
    ["bad_hook", 'there is no hook "onJoin"; there are create, join', loose({}, { onJoin: () => {} })],
    ["bad_hook", "tick must be a function, not 5", loose({}, { tick: 5 })],
    ["bad_hook", "with rate: 0 there are no ticks", loose({ rate: 0 }, { tick: () => {} })],
    ["bad_hook", "a timer's name", loose({}, { timers: { "": () => {} } })],
    ["async_hook", "join is async", loose({}, { join: async () => {} })],
    ["async_hook", "respawn is async", loose({}, { timers: { respawn: async () => {} } })],
  ])("%s: %s", (code, sentence, def) => {
    expect(codeOf(() => settingsOf(def))).toBe(code);
    expect(() => settingsOf(def)).toThrow(sentence);
  });
});

test("what is wrong with an event is said to the hook that sends it", () => {
  const shape = room({
    state: {},
    events: { kill: z.object({ by: z.string() }), later: z.string().refine(async () => true) },
  });
  const sent = (act: (send: (event: string, data: unknown) => void) => void) => {
    const run = runOf(shape.code({ tick: (r) => act(r.send as (event: string, data: unknown) => void) }));
    return faultCode(run.step().threw[0]?.error);
  };
  expect(sent((send) => send("toString", {}))).toBe("unknown_event");
  expect(sent((send) => send("kill", { by: 1 }))).toBe("bad_event");
  expect(sent((send) => send("later", "x"))).toBe("bad_event");
  expect(
    sent((send) => {
      for (let at = 0; at < 1001; at++) send("kill", { by: "a" });
    }),
  ).toBe("too_many_events");
});

test("an event is sent as its schema has it, to all or to one, and is fixed when it is sent", () => {
  const shape = room({ state: {}, events: { note: z.object({ text: z.string().default("hi") }) } });
  const data = { text: "x" };
  const run = runOf(
    shape.code({
      tick(r) {
        r.send("note", {});
        r.send("note", data, "a");
        r.send("note", data, { id: "b" });
        data.text = "changed";
      },
    }),
  );
  expect(run.step().sends).toEqual([
    { event: "note", json: '{"text":"hi"}', to: undefined },
    { event: "note", json: '{"text":"x"}', to: "a" },
    { event: "note", json: '{"text":"x"}', to: "b" },
  ]);
});

test("create is called once, with what the room is for; one that throws makes no room", () => {
  const shape = room({ state: { rows: table({ name: text(20) }) }, match: ["mode"] });
  const run = runOf(
    shape.code({
      create(r, { name }) {
        r.state.rows.set("about", { name });
      },
    }),
  );
  expect(run.state["rows"]?.get("about")).toEqual({ name: "room" });
  const failing = shape.code({
    create() {
      throw new Error("no map");
    },
  });
  expect(codeOf(() => runOf(failing))).toBe("create_failed");
  expect(() => runOf(failing)).toThrow("the hook create threw: no map");
});

test("a room ends with the tick that closes it, or when the application says so", () => {
  const run = runOf(
    room({ state: {} }).code({
      tick: (r) => {
        if (r.tick === 2) r.close("won");
      },
    }),
  );
  expect([run.step().closed, run.step().closed]).toEqual([undefined, "won"]);
  expect(codeOf(() => run.step())).toBe("room_closed");
  const other = runOf(room({ state: {} }).code({}));
  const { closed, answers } = other.step([
    { is: "close", reason: "maintenance" },
    { is: "join", seat: "a", user: null, join: null },
  ]);
  expect([closed, answers[0]?.answer]).toEqual(["maintenance", "room_closed"]);
});

test("it is time for a checkpoint every so often, and when a hook wants one", () => {
  const shape = room({ rate: 20, checkpoint: "200ms", state: {} });
  const run = runOf(
    shape.code({
      tick: (r) => {
        if (r.tick === 6) r.checkpoint();
      },
    }),
  );
  const wanted = Array.from({ length: 12 }, () => run.step().wantsCheckpoint);
  expect(wanted.flatMap((wants, at) => (wants ? [at + 1] : []))).toEqual([4, 6, 8, 12]);
});

function tables(count: number): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, table({ a: u8 })]));
}
