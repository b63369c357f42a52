/**
 * What the room that matches knows of rooms, and what it decides: over tables, which are its state. What it knows is what nodes have told of
 * the rooms that they own, and whom it has sent there since. A room counts its own seats, and nobody else does; what is wrong here
 * costs a second question, and never a seat too many.
 */
import { HELD_MS, type Failure, type Given, type RoomReport, type Said, type Wish } from "./said.js";

/** What everybody may see of a room. */
interface ShownRow {
  players: number;
  seats: number;
}

/** What is known of it besides. */
interface KnownRow {
  /** The seat of the node that owns it; empty: nobody has told of it, or does any more. */
  by: string;
  /** Its node's round in which it was told of last. */
  round: number;
  /** Seats that were taken or kept in it then. */
  used: number;
  /** Without a node: when it is forgotten. */
  until: number;
}

/** A place in a room for somebody who has been sent there and is not in its count yet; by the owner's key. */
interface HeldRow {
  at: string;
  /** What the seat is called there. */
  seat: string;
  until: number;
}

export interface Rows {
  readonly rooms: Map<string, ShownRow>;
  readonly known: Map<string, KnownRow>;
  readonly held: Map<string, HeldRow>;
}

/** So many rooms of one match are known at most. */
export const MOST_ROOMS = 8192;
/** So many places are held at most. */
export const MOST_HELD = 4096;
/** A new room has to be told of within so many milliseconds. */
const NEW_MS = 10_000;
/** A room that its node does not own any more has to be told of by another one within so many milliseconds. */
export const PASSING_MS = 5000;
/** A place that is kept in its room is in what that tells next: within so many milliseconds. */
const KEPT_MS = 2500;

/** Takes in what a node owns. */
export function told(
  rows: Rows,
  by: string,
  { round, all, isLast }: NonNullable<Said["rooms"]>,
  now: number,
): void {
  for (const report of all) note(rows, by, round, report);
  arrived(rows, all);
  if (!isLast) return;
  for (const known of rows.known.values()) if (known.by === by && known.round < round) pass(known, now);
}

function note(
  { rooms, known }: Rows,
  by: string,
  round: number,
  [id, players, used, seats]: RoomReport,
): void {
  const shown = rooms.get(id);
  if (shown === undefined && rooms.size >= MOST_ROOMS) return;
  if (shown === undefined) rooms.set(id, { players, seats });
  else Object.assign(shown, { players, seats });
  known.set(id, { by, round, used, until: 0 });
}

/** Those who have come are in their room's count. */
function arrived({ held }: Rows, all: readonly RoomReport[]): void {
  const seats = new Set(all.flatMap(([id, , , , recent]) => recent.map((seat) => `${id} ${seat}`)));
  if (seats.size === 0) return;
  for (const [key, { at, seat }] of held) if (seats.has(`${at} ${seat}`)) held.delete(key);
}

/** A node has left, or is gone: its rooms may be another one's soon. */
export function left({ known }: Rows, by: string, now: number): void {
  for (const room of known.values()) if (room.by === by) pass(room, now);
}

function pass(room: KnownRow, now: number): void {
  room.by = "";
  room.until = now + PASSING_MS;
}

/** A room has ended. */
export function ended({ rooms, known }: Rows, id: string): void {
  rooms.delete(id);
  known.delete(id);
}

/** The place is kept in the room itself, which will tell of it soon, if it has not before. */
export function kept({ held }: Rows, key: string, now: number): void {
  const place = held.get(key);
  if (place !== undefined) place.until = Math.min(place.until, now + KEPT_MS);
}

/** A place could not be had. */
export function failed(rows: Rows, [key, id, isGone]: Failure): void {
  if (rows.held.get(key)?.at === id) rows.held.delete(key);
  const room = rows.known.get(id);
  if (room === undefined) return;
  // One that nobody tells of may not be there at all.
  if (isGone || room.by === "") ended(rows, id);
  else room.used = rows.rooms.get(id)?.seats ?? room.used;
}

/** Forgets what has passed. */
export function sweep(rows: Rows, now: number): void {
  for (const [key, { until }] of rows.held) if (until <= now) rows.held.delete(key);
  for (const [id, { by, until }] of rows.known) if (by === "" && until <= now) ended(rows, id);
}

/** Whether there is something that passes by itself. */
export function isPassing({ held, known }: Rows): boolean {
  if (held.size > 0) return true;
  for (const { by } of known.values()) if (by === "") return true;
  return false;
}

/** A room with places. */
interface Open {
  readonly id: string;
  free: number;
}

export interface Making {
  /** How many seats a new room has. */
  readonly seats: number;
  /** What the seat of an owner is called in a room. */
  readonly seatIn: (id: string, key: string) => string;
}

/** Gives each a place, one after the other: the one that it has, or in the fullest room that has some, or in a new one. */
export function give(rows: Rows, wishes: readonly Wish[], { seats, seatIn }: Making, now: number): Given[] {
  const { rooms, known, held } = rows;
  const open = openRooms(rows);
  return wishes.map(([n, key, fresh]): Given => {
    const own = held.get(key);
    if (own !== undefined && rooms.has(own.at)) {
      own.until = now + HELD_MS;
      return [n, own.at, false];
    }
    let [best] = open;
    const isNew = best === undefined;
    if (held.size >= MOST_HELD) return [n, undefined, false];
    if (best === undefined) {
      if (fresh === undefined || rooms.has(fresh) || rooms.size >= MOST_ROOMS) return [n, undefined, false];
      rooms.set(fresh, { players: 0, seats });
      known.set(fresh, { by: "", round: 0, used: 0, until: now + NEW_MS });
      open.push((best = { id: fresh, free: seats }));
    }
    held.set(key, { at: best.id, seat: seatIn(best.id, key), until: now + HELD_MS });
    // It stays the fullest, until it is full.
    if (--best.free === 0) open.shift();
    return [n, best.id, isNew];
  });
}

/** The fullest first, and of two of them the older. */
function openRooms({ rooms, known, held }: Rows): Open[] {
  const sent = new Map<string, number>();
  for (const { at } of held.values()) sent.set(at, (sent.get(at) ?? 0) + 1);
  const open: Open[] = [];
  for (const [id, { seats }] of rooms) {
    const free = seats - (known.get(id)?.used ?? seats) - (sent.get(id) ?? 0);
    if (free > 0) open.push({ id, free });
  }
  return open.sort((one, other) => one.free - other.free);
}
