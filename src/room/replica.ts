import { FrameError } from "../protocol/index.js";
import { ByteReader } from "./byte-reader.js";
import type { Table } from "./column.js";
import { MOST_KEY } from "./columns.js";
import { HISTORY } from "./entities.js";
import type { History } from "./history.js";
import type { Code } from "./layout.js";
import { HAS_MEMBERS, HAS_ORDER, TABLE_BITS } from "./section-bits.js";
import { storesOf, type Stores } from "./tables.js";
import { KEYFRAME, TICK } from "./ticks.js";
import { readHead, readRow, readUpdate } from "./update-reader.js";

/**
 * - `applied`: the tables are at its tick now
 * - `old`: they were at its tick, or a later one, before
 * - `hole`: it stands on a tick that they are not at; a keyframe is needed
 */
export type Applied = "applied" | "old" | "hole";

const MOST_TICK = Number.MAX_SAFE_INTEGER;

/**
 * The tables of a room that another process runs: rows, ids, order and history are the same as there, from the first keyframe on.
 *
 * @example
 * const replica = new Replica(arena.state);
 * if (replica.apply(bytes) === "hole") askForKeyframe();
 * const frames = new Frames(replica.stores);
 */
export class Replica {
  readonly stores: Stores;

  constructor(state: Readonly<Record<string, Table>>) {
    this.stores = storesOf(state);
  }

  /** The tick that the tables are at; -1 before the first keyframe. */
  get tick(): number {
    return this.stores[0]?.history.newest ?? -1;
  }

  /**
   * Takes a keyframe, and with it forgets what was before, or the next tick.
   *
   * @throws {FrameError} for bytes that are neither; the tables are empty then, and a keyframe is needed
   */
  apply(bytes: Uint8Array): Applied {
    try {
      const from = new ByteReader(bytes);
      switch (from.u8()) {
        case KEYFRAME:
          this.#readKeyframe(from);
          return "applied";
        case TICK:
          return this.#readTick(from);
        default:
          throw new FrameError("neither a keyframe nor a tick");
      }
    } catch (error) {
      for (const { history } of this.stores) history.clear();
      throw error;
    }
  }

  #readKeyframe(from: ByteReader): void {
    const tick = from.varint(MOST_TICK);
    for (const { history } of this.stores) {
      history.clear();
      const slot = history.begin(tick, false);
      const ids = Array.from({ length: from.count(2) }, () => readEnter(from, history, slot));
      history.orderFor(slot, ids.length).set(ids);
    }
    if (from.left > 0) throw new FrameError("more than a keyframe");
  }

  #readTick(from: ByteReader): Applied {
    const before = from.varint(MOST_TICK);
    const tick = from.varint(MOST_TICK);
    if (tick <= before || tick - before > HISTORY) throw new FrameError(`tick ${tick} on tick ${before}`);
    if (tick <= this.tick) return "old";
    if (before !== this.tick) return "hole";
    let next = from.left > 0 ? from.u8() : undefined;
    for (const [table, { history }] of this.stores.entries()) {
      const slot = history.begin(tick, true);
      const isNext = next !== undefined && (next & TABLE_BITS) === table;
      if (!isNext || next === undefined) {
        putOrder(history, before, slot, [], undefined);
        continue;
      }
      readSection(from, history, before, slot, next);
      next = from.left > 0 ? from.u8() : undefined;
    }
    if (next !== undefined) throw new FrameError("a table that is not there, or not in order");
    return "applied";
  }
}

function readSection(from: ByteReader, history: History, before: number, slot: number, first: number): void {
  const hasMembers = (first & HAS_MEMBERS) !== 0;
  const leaves = hasMembers ? from.count(1) : 0;
  const enters = hasMembers ? from.count(2) : 0;
  const updates = from.count(2);
  const { entities, newest } = history;
  for (let i = 0; i < leaves; i++) {
    const id = from.varint(0xffff);
    if (!entities.isAt(id, before) || !entities.isAt(id, newest))
      throw new FrameError(`row ${id} is not there to leave`);
    // Where ticks were put together, as early as it can have gone: by then its id is given again there.
    entities.remove(id, before + 1);
  }
  const came = Array.from({ length: enters }, () => readEnter(from, history, slot));
  for (let i = 0; i < updates; i++) readChange(from, history, slot);
  const last = (first & HAS_ORDER) === 0 ? undefined : readOrder(from);
  putOrder(history, before, slot, came, last);
}

function readEnter(from: ByteReader, history: History, slot: number): number {
  const id = from.varint(0xffff);
  const key = from.text(MOST_KEY);
  if (!history.entities.isFree(id) || history.entities.idOf(key) !== undefined)
    throw new FrameError(`row ${id} cannot come: its id or key is another's`);
  history.add(id, key);
  for (const [column, code] of readRow(from, history.layout).entries()) history.set(column, slot, id, code);
  return id;
}

function readChange(from: ByteReader, history: History, slot: number): void {
  const { id, bits } = readHead(from);
  const { entities, layout, newest } = history;
  if (!entities.isAt(id, newest)) throw new FrameError(`row ${id} is not there to change`);
  const was: Code[] = layout.names.map((_, column) => history.code(column, slot, id));
  const codes = [...was];
  readUpdate(from, layout, bits, codes);
  for (const [column, code] of codes.entries()) if (code !== was[column]) history.set(column, slot, id, code);
  entities.changed[id] = newest;
}

function readOrder(from: ByteReader): number[] {
  return Array.from({ length: from.count(1) }, () => from.varint(0xffff));
}

/** Rows are in the order of the tick before, and then come those that are said to be the last. */
function putOrder(
  history: History,
  before: number,
  slot: number,
  came: readonly number[],
  last: readonly number[] = came,
): void {
  const { entities, newest } = history;
  const isLast = new Set(last);
  const order: number[] = [];
  for (const id of history.idsAt(before)) if (entities.isAt(id, newest) && !isLast.has(id)) order.push(id);
  for (const id of last) order.push(id);
  const isSound = isLast.size === last.length && last.every((id) => entities.isAt(id, newest));
  if (!isSound || !came.every((id) => isLast.has(id))) throw new FrameError("an order of other rows");
  history.orderFor(slot, order.length).set(order);
}
