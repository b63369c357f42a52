/** A room's definition, checked, as a run works with it. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { duration, type Duration } from "../../../../protocol/duration.js";
import { codingOf } from "../../../../room/coding.js";
import type { Column, Columns, Table } from "../../../../room/column.js";
import { GAME_EVENTS } from "../../../../room/game-events.js";
import type { AnyHooks, RoomDef } from "../../../../room/shape.js";
import { fault } from "./faults.js";
import { isKey } from "./keys.js";

const MOST_RATE = 120;
const MOST_SEATS = 10_000;
const MOST_TABLES = 64;
const MOST_MATCH = 8;
/** A row is at most so many bytes, so that one always fits into a part of a frame. */
export const MOST_ROW = 16_384;

const NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;
const HOOKS: Readonly<Record<keyof AnyHooks, true>> = {
  create: true,
  join: true,
  leave: true,
  input: true,
  tick: true,
  timers: true,
  view: true,
  allow: true,
};
/** Hooks that run in a tick, and so wait for nothing. */
const SYNCHRONOUS = ["create", "join", "leave", "input", "tick", "view"] as const;

/** A definition with its numbers. Spans of time are in the room's own unit: ticks, or milliseconds in a room without them. */
export interface Settings {
  readonly hooks: AnyHooks;
  readonly tables: readonly { readonly name: string; readonly table: Table }[];
  /** So many of them are shown, the first ones; the others are the room's own. */
  readonly shown: number;
  readonly events: Readonly<Record<string, StandardSchemaV1>>;
  readonly rate: number;
  readonly seats: number;
  readonly grace: number;
  readonly checkpointEvery: number;
  readonly keep: "checkpoints" | "inputs";
  /** Milliseconds that inputs are kept behind the newest checkpoint. */
  readonly inputsFor: number;
  readonly repeats: boolean;
}

/**
 * Reads a definition. All that can be wrong with it before it runs is said here.
 *
 * @throws {RoomFault} with a code of its own for each mistake
 * @example settingsOf(Arena.def).grace // 400: ticks of 50 ms
 */
export function settingsOf({ shape, hooks, hidden = {} }: RoomDef): Settings {
  const { rate } = shape;
  if (!Number.isInteger(rate) || rate < 0 || rate > MOST_RATE)
    throw fault(
      "bad_rate",
      `rate must be a whole number of ticks a second from 0 to ${MOST_RATE}, not ${show(rate)}`,
    );
  if (!Number.isInteger(shape.seats) || shape.seats < 1 || shape.seats > MOST_SEATS)
    throw fault(
      "bad_seats",
      `seats must be a whole number from 1 to ${MOST_SEATS}, not ${show(shape.seats)}`,
    );
  const checkpoint = read(shape.checkpoint, "checkpoint");
  if (checkpoint === 0) throw fault("bad_duration", "checkpoint must be more than 0 ms");
  const inputsFor = read(shape.inputsFor, "inputsFor");
  oneOf(shape.keep, "keep", ["checkpoints", "inputs"]);
  oneOf(shape.idle, "idle", ["skip", "repeat"]);
  if (inputsFor > 0 && shape.keep !== "inputs")
    throw fault("bad_option", 'inputsFor needs keep: "inputs"; without it no inputs are kept');
  checkMatch(shape.match);
  checkSchemas(shape);
  checkHooks(hooks, rate);
  return {
    hooks,
    tables: tablesOf({ ...shape.state, ...hidden }),
    shown: Object.keys(shape.state).length,
    events: shape.events,
    rate,
    seats: shape.seats,
    grace: spanOf(read(shape.grace, "grace"), rate),
    checkpointEvery: Math.max(1, spanOf(checkpoint, rate)),
    keep: shape.keep,
    inputsFor,
    repeats: shape.idle === "repeat",
  };
}

/** Milliseconds in the unit of a room's own time: whole ticks, rounded up; or milliseconds where there are none. */
export function spanOf(ms: number, rate: number): number {
  return rate === 0 ? ms : Math.ceil((ms * rate) / 1000);
}

function read(value: Duration, name: string): number {
  try {
    return duration(value, 0, name);
  } catch (error) {
    throw fault("bad_duration", error instanceof Error ? error.message : String(error), error);
  }
}

function oneOf(value: string, name: string, of: readonly string[]): void {
  if (!of.includes(value))
    throw fault("bad_option", `${name} must be ${of.map(show).join(" or ")}, not ${show(value)}`);
}

function checkMatch(match: readonly string[]): void {
  const fits =
    Array.isArray(match) &&
    match.length <= MOST_MATCH &&
    new Set(match).size === match.length &&
    match.every(isKey);
  if (!fits)
    throw fault(
      "bad_match",
      `match must be a list of at most ${MOST_MATCH} different names, not ${show(match)}`,
    );
}

function checkSchemas({ join, input, events }: RoomDef["shape"]): void {
  const schemas = { join, input, ...events };
  for (const [name, schema] of Object.entries(schemas))
    if (schema !== undefined && typeof schema["~standard"]?.validate !== "function")
      throw fault("bad_schema", `${name} must be a Standard Schema, such as one of Zod's or Valibot's`);
  for (const name of Object.keys(events))
    if (!isKey(name))
      throw fault("bad_schema", `an event's name is a text of 1 to 64 bytes, not ${show(name)}`);
    else if (GAME_EVENTS.includes(name))
      throw fault(
        "bad_schema",
        `an event cannot be called ${show(name)}: games tell ${GAME_EVENTS.join(", ")} themselves`,
      );
}

function checkHooks(hooks: AnyHooks, rate: number): void {
  for (const name of Object.keys(hooks))
    if (!Object.hasOwn(HOOKS, name))
      throw fault("bad_hook", `there is no hook ${show(name)}; there are ${Object.keys(HOOKS).join(", ")}`);
  const { timers = {} } = hooks;
  const functions = SYNCHRONOUS.map((name) => [name, hooks[name]] as const);
  for (const [name, hook] of [...functions, ...Object.entries(timers)]) {
    if (hook === undefined) continue;
    if (typeof hook !== "function") throw fault("bad_hook", `${name} must be a function, not ${show(hook)}`);
    if (hook.constructor.name === "AsyncFunction")
      throw fault("async_hook", `${name} is async; a hook of a room does what it does at once`);
  }
  for (const name of Object.keys(timers))
    if (!isKey(name)) throw fault("bad_hook", `a timer's name is a text of 1 to 64 bytes, not ${show(name)}`);
  if (rate === 0 && hooks.tick !== undefined)
    throw fault(
      "bad_hook",
      "with rate: 0 there are no ticks; leave out the hook tick, or give the room a rate",
    );
}

function tablesOf(state: Readonly<Record<string, Table>>): Settings["tables"] {
  const tables = Object.entries(state).map(([name, table]) => ({ name, table }));
  if (tables.length > MOST_TABLES)
    throw fault("too_many_tables", `a room's state has at most ${MOST_TABLES} tables, not ${tables.length}`);
  for (const { name, table } of tables) {
    if (!NAME.test(name))
      throw fault("bad_table", `a table's name is a letter, then letters, digits and _, not ${show(name)}`);
    // What a program without types gives may be anything.
    const { columns }: { readonly columns?: Columns } = table ?? {};
    if (typeof columns !== "object") throw fault("bad_table", `state.${name} must be made by table({ … })`);
    const bytes = Object.values(columns).reduce((sum, column) => sum + mostBytes(column), 0);
    if (bytes > MOST_ROW)
      throw fault(
        "row_too_long",
        `a row of ${name} may take ${bytes} bytes; ${MOST_ROW} is the most: make its texts shorter`,
      );
  }
  return tables;
}

function mostBytes(column: Column): number {
  const coding = codingOf(column);
  return coding.kind === "text" ? coding.most : coding.bytes;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
