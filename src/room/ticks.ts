/**
 * The whole of a room's tables as bytes, for processes that hold them, too: as of one tick, or what one tick changed in them.
 *
 *     keyframe = 1 · tick · for each table: count of rows · rows, in their order: id, key, columns
 *     tick     = 2 · tick before · tick · sections
 *     section  = as in a frame [· count of ids · ids: the last rows in order, where these are not simply those that come]
 *
 * Ids go along, so that they are the same in every process, and so are frames.
 */
import { ByteWriter } from "./byte-writer.js";
import { Fragments, writeRow } from "./fragments.js";
import type { History } from "./history.js";
import { HAS_ORDER } from "./section-bits.js";
import { listAll, Lists, writeSection } from "./sections.js";
import type { Stores } from "./tables.js";

/** The first byte says what follows. */
export const KEYFRAME = 1;
export const TICK = 2;

/**
 * All rows as they were in a tick.
 *
 * @throws {RangeError} for a tick that is not held
 */
export function encodeKeyframe(stores: Stores, tick: number): Uint8Array {
  checkHeld(stores, tick);
  const to = new ByteWriter();
  to.u8(KEYFRAME);
  to.varint(tick);
  for (const { history } of stores) {
    const ids = history.idsAt(tick);
    to.varint(ids.length);
    for (const id of ids) {
      to.varint(id);
      to.text(history.entities.keys[id] ?? "");
      writeRow(to, history, id, tick);
    }
  }
  return to.taken();
}

/**
 * What has changed of all rows between two ticks: those that went, came, and are otherwise.
 *
 * @throws {RangeError} for ticks that are not held, or not in order
 */
export function encodeTick(stores: Stores, from: number, to: number): Uint8Array {
  checkHeld(stores, from);
  checkHeld(stores, to);
  if (from >= to) throw new RangeError(`tick ${to} does not follow tick ${from}`);
  const writer = new ByteWriter();
  writer.u8(TICK);
  writer.varint(from);
  writer.varint(to);
  const lists = new Lists();
  for (const [table, { history }] of stores.entries()) {
    const fragments = new Fragments(history);
    fragments.turn(to);
    listAll(lists, fragments, from);
    const start = writer.size;
    writeSection(writer, table, fragments, lists, from);
    const last = lastInOrder(history, from, to);
    if (last === undefined) continue;
    if (writer.size === start) {
      writer.u8(table);
      writer.varint(0);
    }
    writer.bytes[start] = (writer.bytes[start] ?? 0) | HAS_ORDER;
    writer.varint(last.length);
    for (const id of last) writer.varint(id);
  }
  return writer.taken();
}

function checkHeld(stores: Stores, tick: number): void {
  if (!stores.every(({ history }) => history.holds(tick)))
    throw new RangeError(`tick ${tick} is not held: the newest is ${stores[0]?.history.newest ?? "none"}`);
}

/**
 * Rows keep their order, and those that come are behind all others, unless one was deleted and set again. Then it is these ids that
 * follow on the rest.
 */
function lastInOrder(history: History, from: number, to: number): Uint16Array | undefined {
  const { entities } = history;
  const before = history.idsAt(from);
  const now = history.idsAt(to);
  const isOld = (id: number): boolean => entities.isAt(id, from);
  let places: Map<number, number> | undefined;
  let next = 0;
  let at = 0;
  for (; at < now.length; at++) {
    const id = now[at] as number;
    if (before[next] !== id) {
      if (!isOld(id)) break;
      places ??= new Map([...before].map((old, place) => [old, place]));
      const place = places.get(id) ?? 0;
      if (place < next) break;
      next = place;
    }
    next++;
  }
  const last = now.subarray(at);
  return last.some(isOld) ? last : undefined;
}
