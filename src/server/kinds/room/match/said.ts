/**
 * What nodes say in the room that matches, as its players: inputs, each a part of what a node has to say. And what they are told: an
 * event for one of them.
 */
import { fields, flag, list, orNull, text, tuple, whole, type Reader } from "../run/strict-json.js";

/** The event by which a node is told what became of what it was asked to find. */
export const GIVEN = "given";

/** A room that a node owns, as it is now. Rooms are called by the last part of their channels' names. */
export type RoomReport = readonly [
  id: string,
  /** Seats that are taken. */
  players: number,
  /** The same, and those that are kept for somebody. */
  used: number,
  seats: number,
  /** Seats that were taken or kept lately, all since {@link HELD_MS} at least; those that are left out are in another report of this room. */
  recent: readonly string[],
];

/** Somebody who wants a place: the number of the question, the owner's key, and the id of a new room, if there may be one. */
export type Wish = readonly [n: number, key: string, fresh: string | undefined];

/** A place that could not be had: who it was given to, and where; `isGone`: there is no such room any more. */
export type Failure = readonly [key: string, id: string, isGone: boolean];

export interface Said {
  /**
   * Rooms that it owns. A round is complete with its last part: what was told in earlier rounds, and is not in this one, its node
   * does not own any more.
   */
  readonly rooms:
    | { readonly round: number; readonly all: readonly RoomReport[]; readonly isLast: boolean }
    | undefined;
  /** Rooms that have ended for good. */
  readonly closed: readonly string[];
  /** Owner keys of those whose place is kept in the room itself by now. */
  readonly kept: readonly string[];
  readonly failed: readonly Failure[];
  readonly wishes: readonly Wish[];
}

/** The answer to a {@link Wish}: the room, if there is one, and whether it is new. */
export type Given = readonly [n: number, id: string | undefined, isNew: boolean];

/** A place is held for whoever was told of it for so long, in milliseconds, unless its room says before that it was taken. */
export const HELD_MS = 12_000;

export function encodeSaid({ rooms, closed, kept, failed, wishes }: Said): unknown {
  return {
    rooms: rooms === undefined ? null : [rooms.round, rooms.all, rooms.isLast],
    closed,
    kept,
    failed,
    wishes: wishes.map(([n, key, fresh]) => [n, key, fresh ?? null]),
  };
}

const MOST_SEATS = 65_535;
const readReport = tuple<[string, number, number, number, string[]]>(
  text,
  whole(0, MOST_SEATS),
  whole(0, MOST_SEATS),
  whole(0, MOST_SEATS),
  list(text),
);
const readRound = tuple<[number, [string, number, number, number, string[]][], boolean]>(
  whole(0),
  list(readReport),
  flag,
);

const readFields = fields({
  rooms: orNull(readRound),
  closed: list(text),
  kept: list(text),
  failed: list(tuple<[string, string, boolean]>(text, text, flag)),
  wishes: list(tuple<[number, string, string | undefined]>(whole(0), text, orNull(text))),
});

/** @throws {Error} for what {@link encodeSaid} does not write */
export const readSaid: Reader<Said> = (value) => {
  const { rooms, ...rest } = readFields(value);
  if (rooms === undefined) return { rooms, ...rest };
  const [round, all, isLast] = rooms;
  return { rooms: { round, all, isLast }, ...rest };
};

export function encodeGiven(given: readonly Given[]): unknown {
  return given.map(([n, id, isNew]) => [n, id ?? null, isNew]);
}

/** @throws {Error} for what {@link encodeGiven} does not write */
export const readGiven: Reader<readonly Given[]> = list(
  tuple<[number, string | undefined, boolean]>(whole(0), orNull(text), flag),
);
