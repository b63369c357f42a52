/**
 * The log of a room: which slots it has, and what is in them. Only its owner writes it, under its reign; each entry names in its meta
 * the reign that wrote it.
 *
 *     reign        who owns it, or did last
 *     made         what it began from
 *     seat/<id>    who has this seat
 *     checkpoint   which checkpoints there are; the bytes of one lie in cp/<tick>/<0…>
 *     in/<tick>    what entered in that tick, with `keep: "inputs"`, behind the oldest checkpoint that is kept
 *     shown        up to which tick players may have seen, with `keep: "inputs"`
 *     stuck        set from outside under the token of the last reign: it stood still, or its process died of it
 *     closed       it has ended for good
 */
import type { SlotsOptions } from "../../../../broker/index.js";
import { isReignName } from "../tick-message.js";
import {
  anything,
  expected,
  flag,
  list,
  number,
  orNull,
  record,
  text,
  whole,
  type Reader,
} from "../run/strict-json.js";

export const REIGN = "reign";
export const MADE = "made";
export const CHECKPOINT = "checkpoint";
export const SHOWN = "shown";
export const STUCK = "stuck";
export const CLOSED = "closed";
const SEAT = "seat/";
const INPUTS = "in/";
const PIECE = "cp/";

/** How long a room that nobody comes to stays in its log, in milliseconds: 7 days. */
export const KEPT_MS = 7 * 86_400_000;
/** How long one that has ended does: an hour, for those who ask what became of it. */
export const CLOSED_KEPT_MS = 3_600_000;
/** Keys of appends are remembered so long, in milliseconds: longer than anybody tries again. */
const DEDUPE_MS = 60_000;
/** The most that a room's log holds: seats, checkpoints, and inputs, which a checkpoint takes away. */
const MOST = { count: 65_536, bytes: 64 * 1024 * 1024 };
/** A checkpoint lies in pieces of so many bytes. */
export const PIECE_BYTES = 64 * 1024;

/** How the log of a room is kept. No tombstones: whoever has missed something reads anew what there is. */
export function roomLogOptions({ closed = false }: { readonly closed?: boolean } = {}): SlotsOptions {
  const keepFor = closed ? CLOSED_KEPT_MS : KEPT_MS;
  return {
    keeping: { by: "slots", most: MOST, graves: { count: 0 }, keepFor },
    dedupe: DEDUPE_MS,
    fenced: true,
  };
}

/** Who owns a room, or did last. */
export interface ReignRecord {
  /** 48 random bits; see `tick-message.ts`. */
  readonly name: string;
  /** For people: how many owners there have been. It may come again after a failover that lost data. */
  readonly n: number;
  readonly node: string;
  /** The tick that it took the room over at. */
  readonly tick: number;
  /** How many reigns before this one ended soon and badly, one after the other. */
  readonly short: number;
  /** Whether its node had no other room all the time: then the room is to blame when the node dies. */
  readonly alone: boolean;
  /** Whether it ended as it should: the room was saved, and is free. */
  readonly released: boolean;
  /** The node that it was then handed to, which is to take it at once. */
  readonly next: string | undefined;
  /** The newest epoch of the log when it began. */
  readonly epoch: string;
}

/** What a room began from. */
export interface MadeRecord {
  readonly seed: number;
  readonly match: ReadonlyMap<string, string>;
}

export interface SeatRecord {
  readonly user: unknown;
  readonly join: unknown;
}

/** Where the bytes of a checkpoint are. */
export interface SavedRecord {
  readonly tick: number;
  /** Milliseconds of the room's own time. */
  readonly time: number;
  readonly bytes: number;
  /** The reign that wrote it. */
  readonly reign: string;
}

/** Why a reign ended in the middle of the room's code. */
export interface StuckRecord {
  readonly why: string;
  /** In which tick, where that is known. */
  readonly tick: number | undefined;
}

export interface ClosedRecord {
  readonly reason: string;
  readonly tick: number;
}

export const seatSlot = (seat: string): string => SEAT + seat;
export const inputsSlot = (tick: number): string => `${INPUTS}${tick}`;
export const pieceSlots = ({ tick, bytes }: Pick<SavedRecord, "tick" | "bytes">): string[] =>
  Array.from({ length: Math.ceil(bytes / PIECE_BYTES) }, (_, piece) => `${PIECE}${tick}/${piece}`);

/** The seat that a slot is about; `undefined`: none. */
export function seatOf(slot: string): string | undefined {
  return slot.startsWith(SEAT) ? slot.slice(SEAT.length) : undefined;
}

export function isInputs(slot: string): boolean {
  return slot.startsWith(INPUTS);
}

export function encodeReign({
  name,
  n,
  node,
  tick,
  short,
  alone,
  released,
  next,
  epoch,
}: ReignRecord): string {
  return JSON.stringify({ name, n, node, tick, short, alone, released, next: next ?? null, epoch });
}

/** Fields of a later version are passed over: during an update a room has owners of both. @throws {Error} for what cannot be read */
export function decodeReign(json: string): ReignRecord {
  const all = fieldsOf(json);
  return {
    name: reignName(all("name")),
    n: whole(1)(all("n")),
    node: text(all("node")),
    tick: whole(0)(all("tick")),
    short: whole(0)(all("short")),
    alone: flag(all("alone")),
    released: flag(all("released")),
    next: orNull(text)(all("next") ?? null),
    epoch: text(all("epoch")),
  };
}

export function encodeMade({ seed, match }: MadeRecord): string {
  return JSON.stringify({ seed, match: Object.fromEntries(match) });
}

/** @throws {Error} for what cannot be read */
export function decodeMade(json: string): MadeRecord {
  const all = fieldsOf(json);
  return { seed: whole(0)(all("seed")), match: record(text)(all("match")) };
}

export function encodeSeat({ user, join }: SeatRecord): string {
  return JSON.stringify({ user: user ?? null, join: join ?? null });
}

/** @throws {Error} for what cannot be read */
export function decodeSeat(json: string): SeatRecord {
  const all = fieldsOf(json);
  return { user: anything(all("user")), join: anything(all("join")) };
}

/** The checkpoints that are kept, oldest first; the last is the one to go on from. */
export function encodeSaved(saved: readonly SavedRecord[]): string {
  return JSON.stringify({
    kept: saved.map(({ tick, time, bytes, reign }) => ({ tick, time, bytes, reign })),
  });
}

/** @throws {Error} for what cannot be read */
export function decodeSaved(json: string): SavedRecord[] {
  const readOne: Reader<SavedRecord> = (value) => {
    const one = record(anything)(value);
    return {
      tick: whole(0)(one.get("tick")),
      time: number(0)(one.get("time")),
      bytes: whole(1)(one.get("bytes")),
      reign: reignName(one.get("reign")),
    };
  };
  return list(readOne)(fieldsOf(json)("kept"));
}

export function encodeStuck({ why, tick }: StuckRecord): string {
  return JSON.stringify({ why, tick });
}

/** Why it was. Whatever else is said of it is for people. @throws {Error} for what cannot be read */
export function decodeStuck(json: string): string {
  return text(fieldsOf(json)("why"));
}

export function encodeClosed({ reason, tick }: ClosedRecord): string {
  return JSON.stringify({ reason, tick });
}

/** @throws {Error} for what cannot be read */
export function decodeClosed(json: string): ClosedRecord {
  const all = fieldsOf(json);
  return { reason: text(all("reason")), tick: whole(0)(all("tick")) };
}

/** The meta of an entry: which reign wrote it. */
export function encodeWriter(reign: string): string {
  return JSON.stringify({ reign });
}

/** `undefined`: it names none, as what is written from outside. */
export function writerOf(meta: string | undefined): string | undefined {
  return meta === undefined ? undefined : orNull(text)(fieldsOf(meta)("reign") ?? null);
}

const reignName: Reader<string> = (value) => {
  if (isReignName(value)) return value;
  throw expected("the name of a reign", value);
};

function fieldsOf(json: string): (name: string) => unknown {
  const all = record(anything)(JSON.parse(json));
  return (name) => all.get(name);
}
