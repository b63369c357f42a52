/**
 * What nodes tell each other about rooms by `send`: letters. What a node has for another one goes as one letter, at the end of the
 * turn. A letter may be lost, and may come twice where it is sent again; so everything in it can be repeated, and ids make it once.
 * Signals, which all nodes of a room get, are in `tick-message.ts`.
 *
 * Seats: the player's node makes the id of a seat, from the channel and who the player is (its user, or the secret of its client), so that
 * on every node it is the same one, and nobody can have somebody else's. The owner trusts nodes, and nodes trust nobody.
 */
import { fromBase64, toBase64 } from "../../../protocol/base64.js";
import { FrameError } from "../../../protocol/index.js";
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
  type Reader,
} from "./run/strict-json.js";
import { isReignName, packSeat, readSeat, type Ack, type ShownSeat } from "./tick-message.js";

/** An input of a player: its seat, its number, counted from 1 for each seat, what it is, and the tick its player saw. */
export type InputItem = readonly [seat: string, n: number, input: unknown, seen: number | undefined];

/** What a node wants of a room's owner. `client` is the connection that it is about, by a name that no other one has. */
export type Ask =
  /**
   * A seat for somebody, or the one it has: then it is `here` as well, and the connection that had it is told `taken`. `had`: its player
   * had this seat, which the node knows or its client says; in the second after a failover that lost data it is honoured above `seats`, and
   * before those who are new. Answered once it is in the log. `from`: as below.
   */
  | {
      readonly is: "join";
      readonly seat: string;
      readonly client: string;
      readonly user: unknown;
      readonly join: unknown;
      readonly had: boolean;
      readonly from: number | undefined;
    }
  /**
   * The seat has this connection, on this node. Told again for every one that a node has when a room has another reign: of seats that
   * nobody has told, two seconds after a takeover, the owner takes it that their players are away. `from`: this node holds no input of that seat with
   * a lower number, so that nobody waits for those.
   */
  | { readonly is: "here"; readonly seat: string; readonly client: string; readonly from: number | undefined }
  /** This connection has ended; nothing, where the seat has another one by now. */
  | { readonly is: "away"; readonly seat: string; readonly client: string }
  /** `client`: nothing, where the seat has another connection by now. */
  | {
      readonly is: "leave";
      readonly seat: string;
      readonly why: "left" | "kicked";
      readonly client: string | undefined;
    }
  /** Keeps a place for somebody who will join, for so many milliseconds. */
  | { readonly is: "reserve"; readonly seat: string; readonly ms: number }
  /** Everything as it is now; answered by a {@link Keyframe} instead of an answer. */
  | { readonly is: "keyframe" }
  /** An event of the application: JSON text of data that fits its schema. At most once: `under` is the reign that it was first sent to, and the owner of another one says `room_moved`. */
  | {
      readonly is: "send";
      readonly event: string;
      readonly json: string;
      readonly to: string | undefined;
      readonly under: string;
    }
  /** The application ends the room. Answered once it is in the log. */
  | { readonly is: "close"; readonly reason: string }
  /** Something that this version does not know; it is never written. */
  | { readonly is: "unknown" };

export interface Request {
  /** Names it among all requests of all nodes; the same when it is sent again. */
  readonly id: string;
  readonly ask: Ask;
}

/** For the owner of one room: what its players do, as far as they are on this node. */
export interface Batch {
  readonly is: "batch";
  readonly channel: string;
  /** The reign that its node knows. Inputs are good under any; the owner of another one says {@link Moved}, so that the node reads the log. */
  readonly reign: string;
  /** All that have not been acknowledged, in the order of their numbers, or those that are new. */
  readonly inputs: readonly InputItem[];
  /** Which tick players have seen, where no input says it. */
  readonly seen: readonly (readonly [seat: string, tick: number])[];
  readonly requests: readonly Request[];
}

/** What became of a request. `unavailable`: it may have been carried out, and may be asked again; `room_moved`: it was not, and somebody else owns the room. */
export type AnswerCode =
  | "ok"
  | "room_full"
  | "room_closed"
  | "room_moved"
  | "refused"
  | "bad_request"
  | "unavailable";

export interface Answer {
  readonly is: "answer";
  readonly channel: string;
  readonly id: string;
  readonly code: AnswerCode;
  /** Of a join and of `here`: how far the inputs of that seat are done with. */
  readonly last: number | undefined;
  /** Of `room_closed` and `refused`: why. */
  readonly reason: string | undefined;
}

/** The whole room as of a tick: what follows stands on it. */
export interface Keyframe {
  readonly is: "keyframe";
  readonly channel: string;
  /** Of the request. */
  readonly id: string;
  readonly reign: string;
  readonly tick: number;
  /** In the order of joining. */
  readonly seats: readonly ShownSeat[];
  readonly acks: readonly Ack[];
  /** For `Replica.apply`: `encodeKeyframe(stores, tick)`. */
  readonly bytes: Uint8Array;
}

/** A seat of a player on this node has another connection now: this one is to be told so, and has lost it. */
export interface Taken {
  readonly is: "taken";
  readonly channel: string;
  readonly seat: string;
  readonly client: string;
}

/** An answer to a batch: this node does not own the room, or under another reign. What it says is a hint; who reigns is in the log. */
export interface Moved {
  readonly is: "moved";
  readonly channel: string;
  /** The reign under which it does; undefined: it does not. */
  readonly reign: string | undefined;
}

/** Asks a node to own a room, which it may do already. */
export interface Place {
  readonly is: "place";
  readonly id: string;
  readonly channel: string;
  /** What its players asked for; for a room that is not there yet. */
  readonly match: ReadonlyMap<string, string>;
  /** The reign that the asking node knows: a log that has never heard of it has lost data. Undefined: it knows of none. */
  readonly was: string | undefined;
}

/** What became of that. */
export interface Placed {
  readonly is: "placed";
  readonly id: string;
  readonly channel: string;
  /** The node that owns it: the one that was asked, or another one that reigns. Undefined: see `refused`. */
  readonly owner: string | undefined;
  /** The reign under which it does. */
  readonly reign: string | undefined;
  /** `room_full`: this node takes no more rooms; `alone`: it is one that only a node without other rooms may take, see R9. */
  readonly refused: "room_full" | "room_closed" | "alone" | "unavailable" | undefined;
  /** Of `room_full`: milliseconds after which it may be otherwise. Of another owner: after which its reign may be taken, unless it is renewed. */
  readonly after: number | undefined;
  /** Of `room_closed`: why. */
  readonly reason: string | undefined;
}

/** The room is free and saved, and whoever gets this is to take it at once. */
export interface Handover {
  readonly is: "handover";
  readonly channel: string;
  /** The reign that has ended. */
  readonly reign: string;
}

/** For the owner of a room, from who owned it before: that reign did not end with its node, which was cut off. So the room is not to blame for it, see R9. */
export interface Survived {
  readonly is: "survived";
  readonly channel: string;
  readonly reign: string;
}

export type LetterItem = Batch | Answer | Keyframe | Taken | Moved | Place | Placed | Handover | Survived;

export interface Letter {
  /** The node that it comes from. */
  readonly from: string;
  readonly items: readonly LetterItem[];
}

/** Other texts between nodes begin otherwise. */
const PREFIX = "rooms ";

/** @example await broker.send(owner, encodeLetter({ from: broker.node, items })) */
export function encodeLetter({ from, items }: Letter): string {
  return PREFIX + JSON.stringify([from, ...items.map(pack)]);
}

/**
 * A letter as it was written, without the items that this version does not know: those are counted in `unknown`. `undefined` for a text
 * that is none.
 *
 * @throws {FrameError} for a letter that is not as it should be
 */
export function decodeLetter(received: string): (Letter & { readonly unknown: number }) | undefined {
  if (!received.startsWith(PREFIX)) return undefined;
  try {
    const value: unknown = JSON.parse(received.slice(PREFIX.length));
    if (!Array.isArray(value)) throw expected("a list", value);
    const [from, ...packed]: unknown[] = value;
    const items: LetterItem[] = [];
    let unknown = 0;
    for (const one of packed) {
      const read = readerOf(one);
      if (read === undefined) unknown++;
      else items.push(read(one));
    }
    return { from: text(from), items, unknown };
  } catch (cause) {
    throw new FrameError(`a letter about rooms that cannot be read: ${String(cause)}`, { cause });
  }
}

/** Names of fields stay: a letter is read by people as well, and what is many in it are lists. Undefined goes as null. */
function pack(item: LetterItem): unknown {
  switch (item.is) {
    case "batch":
      return { ...item, requests: item.requests.map(({ id, ask }) => ({ id, ask: withNulls(ask) })) };
    case "keyframe": {
      const acks = item.acks.map(({ seat, last, depth }) => [seat, last, depth]);
      return { ...item, seats: item.seats.map(packSeat), acks, bytes: toBase64(item.bytes) };
    }
    case "place":
      return { ...withNulls(item), match: Object.fromEntries(item.match) };
    case "answer":
    case "taken":
    case "moved":
    case "placed":
    case "handover":
    case "survived":
      return withNulls(item);
  }
}

function withNulls(item: object): object {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, value ?? null]));
}

function is<Is extends string>(name: Is): Reader<Is> {
  return (value) => {
    if (value === name) return name;
    throw expected(name, value);
  };
}

function oneOf<const T extends string>(...names: readonly T[]): Reader<T> {
  return (value) => names.find((name) => name === value) ?? raise(expected(names.join(" or "), value));
}

function raise(error: Error): never {
  throw error;
}

const reign: Reader<string> = (value) => (isReignName(value) ? value : raise(expected("the name of a reign", value)));
const bytes: Reader<Uint8Array> = (value) => fromBase64(text(value)) ?? raise(expected("bytes", value));

const number1 = orNull(whole(1));

const ASKS: { readonly [Is in Exclude<Ask["is"], "unknown">]: Reader<Extract<Ask, { is: Is }>> } = {
  join: fields({ is: is("join"), seat: text, client: text, user: anything, join: anything, had: flag, from: number1 }),
  here: fields({ is: is("here"), seat: text, client: text, from: number1 }),
  away: fields({ is: is("away"), seat: text, client: text }),
  leave: fields({ is: is("leave"), seat: text, why: oneOf("left", "kicked"), client: orNull(text) }),
  reserve: fields({ is: is("reserve"), seat: text, ms: number(0) }),
  keyframe: fields({ is: is("keyframe") }),
  send: fields({ is: is("send"), event: text, json: text, to: orNull(text), under: reign }),
  close: fields({ is: is("close"), reason: text }),
};

const readAsk: Reader<Ask> = (value) => {
  const name = nameOf(value);
  if (name === undefined) throw expected("something to ask of a room", value);
  return isOf(ASKS, name) ? ASKS[name](value) : { is: "unknown" };
};

const readAck: Reader<Ack> = (value) => {
  const [seat, last, depth] = tuple<[string, number, number]>(text, whole(0), whole(0))(value);
  return { seat, last, depth };
};

const ITEMS: { readonly [Is in LetterItem["is"]]: Reader<Extract<LetterItem, { is: Is }>> } = {
  batch: fields({
    is: is("batch"),
    channel: text,
    reign,
    inputs: list(tuple<[string, number, unknown, number | undefined]>(text, whole(1), anything, orNull(whole(0)))),
    seen: list(tuple<[string, number]>(text, whole(0))),
    requests: list(fields<Request>({ id: text, ask: readAsk })),
  }),
  answer: fields({
    is: is("answer"),
    channel: text,
    id: text,
    code: oneOf("ok", "room_full", "room_closed", "room_moved", "refused", "bad_request", "unavailable"),
    last: orNull(whole(0)),
    reason: orNull(text),
  }),
  keyframe: fields({
    is: is("keyframe"),
    channel: text,
    id: text,
    reign,
    tick: whole(0),
    seats: list(readSeat),
    acks: list(readAck),
    bytes,
  }),
  taken: fields({ is: is("taken"), channel: text, seat: text, client: text }),
  moved: fields({ is: is("moved"), channel: text, reign: orNull(reign) }),
  place: fields({ is: is("place"), id: text, channel: text, match: record(text), was: orNull(reign) }),
  placed: fields({
    is: is("placed"),
    id: text,
    channel: text,
    owner: orNull(text),
    reign: orNull(reign),
    refused: orNull(oneOf("room_full", "room_closed", "alone", "unavailable")),
    after: orNull(number(0)),
    reason: orNull(text),
  }),
  handover: fields({ is: is("handover"), channel: text, reign }),
  survived: fields({ is: is("survived"), channel: text, reign }),
};

function readerOf(value: unknown): Reader<LetterItem> | undefined {
  const name = nameOf(value);
  return name !== undefined && isOf(ITEMS, name) ? ITEMS[name] : undefined;
}

/** What an item says it is; `undefined` where it is no object or says nothing. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("is" in value)) return undefined;
  return typeof value.is === "string" ? value.is : undefined;
}

function isOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}
