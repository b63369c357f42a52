/**
 * What the owner of a room tells all nodes: signals on the room's channel, as bytes. They may be lost, and then whoever missed one
 * asks the owner for a keyframe; the broker keeps none.
 *
 *     tick  = 1 · reign · tick before · tick · count · acks: seat, last number, depth · news: JSON or empty · encodeTick(before, tick)
 *     alive = 2 · reign · tick
 */
import { FrameError } from "../../../protocol/index.js";
import { ByteReader } from "../../../room/byte-reader.js";
import { ByteWriter } from "../../../room/byte-writer.js";
import { MOST_KEY } from "../../../room/columns.js";
import type { LeaveReason } from "../../../room/hooks.js";
import type { Sent } from "./run/effects.js";
import {
  anything,
  expected,
  fields,
  flag,
  list,
  orNull,
  text,
  tuple,
  whole,
  type Reader,
} from "./run/strict-json.js";

/** A reign is named by so many letters, 48 random bits; which of two is the later one is in the log, and nowhere else. */
export const REIGN_LETTERS = 8;

/** How far the inputs of a seat are done with. */
export interface Ack {
  readonly seat: string;
  /** The number of the last one that was taken or dropped: all up to it are done with. */
  readonly last: number;
  /** How many wait for their ticks. */
  readonly depth: number;
}

/** A seat as all nodes know it. Its user and what it joined with are for `view` and `allow`, and never leave the servers. */
export interface ShownSeat {
  readonly id: string;
  readonly user: unknown;
  readonly join: unknown;
  readonly here: boolean;
}

/** A seat that is free again. */
export interface Went {
  readonly seat: string;
  readonly why: LeaveReason;
  /** What its player is told, where the application has sent it away and said why. */
  readonly reason?: string | undefined;
}

/**
 * What has come of one tick, or of several that were told together. It stands on `prev`: a node that is somewhere else, or at another
 * reign, has missed something. A node adds up ticks: tables, seats and acks are those of the tick before with these changes.
 */
export interface TickMessage {
  readonly is: "tick";
  readonly reign: string;
  /** The tick that it stands on; it is the newest one told before. */
  readonly prev: number;
  readonly tick: number;
  /** Of the seats in which something has changed since `prev`; those that have come begin at number 0 and depth 0. */
  readonly acks: readonly Ack[];
  /** Seats taken since `prev`; and those that are given free and taken again, which are in `went` as well: first all go, then all come. */
  readonly came: readonly ShownSeat[];
  readonly went: readonly Went[];
  /** Seats that were there and have or have not a connection now. */
  readonly here: readonly (readonly [seat: string, here: boolean])[];
  /** Events: shown with this tick, or never. */
  readonly sends: readonly Sent[];
  /** How many ticks were left out since `prev` because the owner had stood still: the room's time stood still for so long. */
  readonly skipped: number;
  /** Why the room has ended with this tick, if it has. */
  readonly closed: string | undefined;
  /** For `Replica.apply`: `encodeTick(stores, prev, tick)`. */
  readonly change: Uint8Array;
}

/** Of a room without ticks, once a renewal: its owner is there, and this is its newest tick. Whoever is at another one has missed some. */
export interface AliveMessage {
  readonly is: "alive";
  readonly reign: string;
  readonly tick: number;
}

export type RoomSignal = TickMessage | AliveMessage;

const TICK = 1;
const ALIVE = 2;
const MOST_NUMBER = Number.MAX_SAFE_INTEGER;
/** The most bytes of news. */
const MOST_NEWS = 16 * 1024 * 1024;

type News = Pick<TickMessage, "came" | "went" | "here" | "sends" | "skipped" | "closed">;

/** Hot: once a tick for each room. */
export function encodeSignal(signal: RoomSignal): Uint8Array {
  const to = new ByteWriter();
  to.u8(signal.is === "tick" ? TICK : ALIVE);
  writeReign(to, signal.reign);
  if (signal.is === "alive") {
    to.varint(signal.tick);
    return to.taken();
  }
  to.varint(signal.prev);
  to.varint(signal.tick);
  to.varint(signal.acks.length);
  for (const { seat, last, depth } of signal.acks) {
    to.text(seat);
    to.varint(last);
    to.u8(depth);
  }
  to.text(encodeNews(signal));
  to.copy(signal.change, 0, signal.change.length);
  return to.taken();
}

/** @throws {FrameError} for anything that {@link encodeSignal} does not write; a node ignores and counts it */
export function decodeSignal(bytes: Uint8Array): RoomSignal {
  const from = new ByteReader(bytes);
  const is = from.u8();
  const reign = readReign(from);
  if (is === ALIVE) {
    const tick = from.varint(MOST_NUMBER);
    if (from.left > 0) throw new FrameError("more than a sign of life");
    return { is: "alive", reign, tick };
  }
  if (is !== TICK) throw new FrameError("no message of a room");
  const prev = from.varint(MOST_NUMBER);
  const tick = from.varint(MOST_NUMBER);
  if (tick <= prev) throw new FrameError(`tick ${tick} does not follow tick ${prev}`);
  const acks = Array.from({ length: from.count(3) }, () => ({
    seat: from.text(MOST_KEY),
    last: from.varint(MOST_NUMBER),
    depth: from.u8(),
  }));
  const news = decodeNews(from.text(MOST_NEWS));
  return { is: "tick", reign, prev, tick, acks, ...news, change: bytes.subarray(bytes.length - from.left) };
}

/** Whose signal it is, without reading on: what a node looks at before it works for it. `undefined` for one that is none. */
export function reignOf(bytes: Uint8Array): string | undefined {
  if (bytes.length <= REIGN_LETTERS || (bytes[0] !== TICK && bytes[0] !== ALIVE)) return undefined;
  return String.fromCharCode(...bytes.subarray(1, 1 + REIGN_LETTERS));
}

/** Whether it can be the name of a reign. */
export function isReignName(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]{8}$/.test(value);
}

function writeReign(to: ByteWriter, reign: string): void {
  for (let i = 0; i < REIGN_LETTERS; i++) to.u8(reign.charCodeAt(i));
}

function readReign(from: ByteReader): string {
  let reign = "";
  for (let i = 0; i < REIGN_LETTERS; i++) reign += String.fromCharCode(from.u8());
  if (!isReignName(reign)) throw new FrameError("a reign without a name");
  return reign;
}

const NO_NEWS: News = { came: [], went: [], here: [], sends: [], skipped: 0, closed: undefined };

/** In most ticks there is nothing, and nothing is written. */
function encodeNews({ came, went, here, sends, skipped, closed }: News): string {
  const isNothing =
    came.length + went.length + here.length + sends.length + skipped === 0 && closed === undefined;
  if (isNothing) return "";
  return JSON.stringify({
    came: came.map(packSeat),
    went: went.map(({ seat, why, reason }) => [seat, why, reason ?? null]),
    here,
    sends: sends.map(({ event, json, to }) => [event, json, to ?? null]),
    skipped,
    closed: closed ?? null,
  });
}

function decodeNews(json: string): News {
  if (json === "") return NO_NEWS;
  try {
    return readNews(JSON.parse(json));
  } catch (cause) {
    throw new FrameError(`news of a room that cannot be read: ${String(cause)}`, { cause });
  }
}

/** A seat as JSON has it between nodes. */
export function packSeat({ id, user, join, here }: ShownSeat): unknown[] {
  return [id, user ?? null, join ?? null, here];
}

const seatFields = tuple<[string, unknown, unknown, boolean]>(text, anything, anything, flag);

export const readSeat: Reader<ShownSeat> = (value) => {
  const [id, user, join, here] = seatFields(value);
  return { id, user, join, here };
};

const readWhy: Reader<LeaveReason> = (value) => {
  if (value === "left" || value === "away" || value === "kicked") return value;
  throw expected("why a seat is free", value);
};

const wentFields = tuple<[string, LeaveReason, string | undefined]>(text, readWhy, orNull(text));
const sentFields = tuple<[string, string, string | undefined]>(text, text, orNull(text));

const readNews = fields<News>({
  came: list(readSeat),
  went: list((value) => {
    const [seat, why, reason] = wentFields(value);
    return { seat, why, reason };
  }),
  here: list(tuple<[string, boolean]>(text, flag)),
  sends: list((value) => {
    const [event, json, to] = sentFields(value);
    return { event, json, to };
  }),
  skipped: whole(0),
  closed: orNull(text),
});
