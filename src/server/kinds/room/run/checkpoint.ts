/**
 * A room as bytes: a number of the format, a head of JSON, and the rows of each table in the order of its map, by its columns.
 * The head says which columns those are, so that a later version of the code, with others, can read them.
 */
import { ByteReader } from "../../../../room/byte-reader.js";
import { ByteWriter } from "../../../../room/byte-writer.js";
import { readHead, writeHead, type Head, type Progress } from "./checkpoint-head.js";
import { fault } from "./faults.js";
import { RoomRandom } from "./random.js";
import { readTable, writeTable, type RowCodes } from "./row-codes.js";
import { fillRows } from "./saved-columns.js";
import type { SavedSeat } from "./seats.js";
import type { Settings } from "./settings.js";
import { Timers } from "./timers.js";
import { World } from "./world.js";

export type { Progress } from "./checkpoint-head.js";

/** The most bytes of a checkpoint: one write into a log. */
export const MOST_CHECKPOINT = 1024 * 1024;
/** What is read here, and nothing else. */
const FORMAT = 1;

export interface CheckpointParts {
  readonly progress: Progress;
  readonly settings: Settings;
  readonly world: World;
  readonly seats: readonly SavedSeat[];
  readonly reserved: readonly (readonly [string, number])[];
  readonly timers: Timers;
  readonly random: RoomRandom;
  /** Whether it holds what hooks can see of past ticks. */
  readonly past: boolean;
}

/** What a room is made again from. */
export interface ReadCheckpoint {
  readonly progress: Progress;
  readonly world: World;
  readonly seats: readonly SavedSeat[];
  readonly reserved: readonly (readonly [string, number])[];
  readonly timers: Timers;
  readonly random: RoomRandom;
}

/** @throws {RoomFault} `checkpoint_too_large` */
export function writeCheckpoint({ progress, settings, world, past, ...parts }: CheckpointParts): Uint8Array {
  const { tick } = progress;
  const oldest = past ? world.oldest : tick;
  // A room that has never looked back has no past to keep.
  const since = world.since === undefined ? undefined : Math.max(world.since, oldest);
  const head: Head = {
    progress,
    since,
    ticks: tick - oldest + 1,
    random: parts.random.state,
    timers: parts.timers.state,
    seats: parts.seats,
    reserved: parts.reserved,
    tables: settings.tables,
  };
  const writer = new ByteWriter();
  writer.u8(FORMAT);
  writer.text(writeHead(head));
  for (const [place, { table }] of settings.tables.entries()) {
    const store = world.tables[place]?.store;
    let before: RowCodes | undefined;
    for (let at = oldest; at <= tick; at++) before = writeTable(writer, table, store?.at(at), before);
    if (writer.size > MOST_CHECKPOINT) break;
  }
  if (writer.size <= MOST_CHECKPOINT) return writer.taken();
  throw fault(
    "checkpoint_too_large",
    `the room is more than ${MOST_CHECKPOINT} bytes as a checkpoint; let it hold fewer or smaller rows, or seen() less`,
  );
}

/**
 * Makes again what was written. Columns that have changed since are read by what they were: what is new holds what an empty
 * one does, and what is gone is dropped.
 *
 * @throws {RoomFault} `bad_checkpoint`, for bytes that are not all as they were written
 */
export function readCheckpoint(bytes: Uint8Array, settings: Settings, strict: boolean): ReadCheckpoint {
  try {
    return read(bytes, settings, strict);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw fault("bad_checkpoint", `a checkpoint cannot be read: ${said}`, error);
  }
}

function read(bytes: Uint8Array, settings: Settings, strict: boolean): ReadCheckpoint {
  if (bytes.length > MOST_CHECKPOINT) throw new RangeError(`it has ${bytes.length} bytes, more than any`);
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT)
    throw new RangeError(`it is of format ${format}, and ${FORMAT} is what is read here`);
  const head = readHead(reader.text(MOST_CHECKPOINT));
  const { tick } = head.progress;
  const world = new World(settings.tables, strict);
  const saved = new Map<string, RowCodes[]>();
  for (const { name, table } of head.tables) {
    const pages: RowCodes[] = [];
    for (let page = 0; page < head.ticks; page++) pages.push(readTable(reader, table, pages[page - 1]));
    saved.set(name, pages);
  }
  if (reader.left > 0) throw new RangeError(`${reader.left} bytes follow its end`);
  const oldTables = new Map(head.tables.map(({ name, table }) => [name, table]));
  for (let page = 0; page < head.ticks; page++) {
    for (const { name, rows, store } of world.tables)
      fillRows(rows, store.table, oldTables.get(name), saved.get(name)?.[page]);
    world.check();
    world.keep(tick - head.ticks + 1 + page);
  }
  world.since = head.since;
  return {
    progress: head.progress,
    world,
    seats: head.seats,
    reserved: head.reserved,
    timers: new Timers(head.timers),
    random: new RoomRandom(head.random),
  };
}
