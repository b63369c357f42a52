/** The head of a checkpoint: all of a room but its rows, as JSON. */
import type { Table } from "../../../../room/column.js";
import type { RandomState } from "./random.js";
import { readColumns } from "./saved-columns.js";
import type { SavedSeat } from "./seats.js";
import type { Settings } from "./settings.js";
import {
  anything,
  expected,
  fields,
  flag,
  list,
  number,
  orNull,
  record,
  text,
  tuple,
  whole,
} from "./strict-json.js";
import type { RoomTimer, TimersState } from "./timers.js";

const MOST_WORD = 0xffff_ffff;
const MOST_TICKS = 32;

/** How far a room is. */
export interface Progress {
  readonly tick: number;
  /** Milliseconds of its own time. */
  readonly time: number;
  /** How many ticks in a row came to nothing. */
  readonly discarded: number;
  readonly closed: string | undefined;
}

export interface Head {
  readonly progress: Progress;
  /** The oldest tick that hooks may see; undefined where they have never asked. */
  readonly since: number | undefined;
  /** How many ticks of each table follow; the last one is what is in the room. */
  readonly ticks: number;
  readonly random: RandomState;
  readonly timers: TimersState;
  readonly seats: readonly SavedSeat[];
  readonly reserved: readonly (readonly [string, number])[];
  readonly tables: Settings["tables"];
}

/** The same room has the same head, letter by letter. */
export function writeHead({ progress, since, ticks, random, timers, seats, reserved, tables }: Head): string {
  return JSON.stringify({
    tick: progress.tick,
    time: progress.time,
    discarded: progress.discarded,
    closed: progress.closed ?? null,
    since: since ?? null,
    ticks,
    random,
    nextTimer: timers.next,
    timers: timers.waiting.map(({ number: n, due, name, argument }) => [n, due, name, argument ?? null]),
    seats: seats.map(packSeat),
    reserved,
    tables: Object.fromEntries(tables.map(({ name, table }) => [name, table.columns])),
  });
}

/** @throws {Error} for what was never written */
export function readHead(json: string): Head {
  const head = readFields(JSON.parse(json));
  const waiting = head.timers.map(([n, due, name, argument]): RoomTimer => ({
    number: n,
    due,
    name,
    argument,
  }));
  const { tick, since, ticks } = head;
  if (waiting.some((timer, at) => !isBehind(timer, waiting[at - 1]) || timer.number >= head.nextTimer))
    throw new RangeError("its timers are not in their order");
  if (ticks > tick + 1 || (since !== undefined && since > tick))
    throw new RangeError("its past is not behind it");
  if (new Set(head.seats.map(({ id }) => id)).size < head.seats.length)
    throw new RangeError("a seat is taken twice");
  return {
    progress: { tick, time: head.time, discarded: head.discarded, closed: head.closed },
    since,
    ticks,
    random: head.random,
    timers: { waiting, next: head.nextTimer },
    seats: head.seats,
    reserved: head.reserved,
    tables: [...head.tables].map(([name, table]) => ({ name, table })),
  };
}

function isBehind(timer: RoomTimer, before: RoomTimer | undefined): boolean {
  if (before === undefined || before.due < timer.due) return true;
  return before.due === timer.due && before.number < timer.number;
}

function packSeat({
  id,
  user,
  join,
  here,
  goes,
  last,
  dropped,
  tokens,
  seen,
  waiting,
  newest,
}: SavedSeat): unknown[] {
  const inputs = waiting.map((one) => [one.n, one.input, one.seen ?? null]);
  const repeated = newest === undefined ? [] : [newest.input];
  return [id, user, join, here, goes ?? null, last, dropped, tokens, seen ?? null, inputs, repeated];
}

type PackedSeat = [
  id: string,
  user: unknown,
  join: unknown,
  here: boolean,
  goes: number | undefined,
  last: number,
  dropped: number,
  tokens: number,
  seen: number | undefined,
  inputs: [n: number, input: unknown, seen: number | undefined][],
  repeated: unknown[],
];

const packedSeat = tuple<PackedSeat>(
  text,
  anything,
  anything,
  flag,
  orNull(number(0)),
  whole(0),
  whole(0),
  whole(0),
  orNull(whole(0)),
  list(tuple<[number, unknown, number | undefined]>(whole(1), anything, orNull(whole(0))), 8),
  list(anything, 1),
);

function readSeat(value: unknown): SavedSeat {
  const [id, user, join, here, goes, last, dropped, tokens, seen, inputs, repeated] = packedSeat(value);
  if (here !== (goes === undefined)) throw expected("a time at which a seat without a connection goes", goes);
  const waiting = inputs.map(([n, input, seenThen]) => ({ n, input, seen: seenThen }));
  const newest = repeated.length === 0 ? undefined : { input: repeated[0] };
  return { id, user, join, here, goes, last, dropped, tokens, seen, waiting, newest };
}

const word = whole(0, MOST_WORD);

const readFields = fields<{
  tick: number;
  time: number;
  discarded: number;
  closed: string | undefined;
  since: number | undefined;
  ticks: number;
  random: [number, number, number, number];
  nextTimer: number;
  timers: [number: number, due: number, name: string, argument: string | undefined][];
  seats: SavedSeat[];
  reserved: [string, number][];
  tables: Map<string, Table>;
}>({
  tick: whole(0),
  time: number(0),
  discarded: whole(0),
  closed: orNull(text),
  since: orNull(whole(0)),
  ticks: whole(1, MOST_TICKS),
  random: tuple<[number, number, number, number]>(word, word, word, word),
  nextTimer: whole(1),
  timers: list(tuple<[number, number, string, string | undefined]>(whole(1), number(0), text, orNull(text))),
  seats: list(readSeat),
  reserved: list(tuple<[string, number]>(text, number(0))),
  tables: record(readColumns),
});
