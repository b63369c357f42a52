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
import { readRequest, type Ask, type Request } from "./asks.js";
import { is, isOf, nameOf, oneOf, raise, reign } from "./item-readers.js";
import {
  anything,
  expected,
  fields,
  list,
  number,
  orNull,
  record,
  text,
  tuple,
  whole,
  type Reader,
} from "./run/strict-json.js";
import { packSeat, readSeat, type Ack, type ShownSeat } from "./tick-message.js";

export type { Ask, Request };

/** An input of a player: its seat, its number, counted from 1 for each seat, what it is, and the tick its player saw. */
export type InputItem = readonly [seat: string, n: number, input: unknown, seen: number | undefined];

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

/**
 * What became of a request. `unavailable`: it may have been carried out, and may be asked again; `room_moved`: it was not, and
 * somebody else owns the room.
 */
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
  /** Of a join: the number of the newest that has come. */
  readonly newest?: number | undefined;
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

/**
 * For the owner of a room, from who owned it before: that reign did not end with its node, which was cut off. So the room is
 * not to blame for it, see R9.
 */
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
      return withNulls({ ...item, newest: item.newest });
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

const bytes: Reader<Uint8Array> = (value) => fromBase64(text(value)) ?? raise(expected("bytes", value));

const readAck: Reader<Ack> = (value) => {
  const [seat, last, depth] = tuple<[string, number, number]>(text, whole(0), whole(0))(value);
  return { seat, last, depth };
};

const ITEMS: { readonly [Is in LetterItem["is"]]: Reader<Extract<LetterItem, { is: Is }>> } = {
  batch: fields({
    is: is("batch"),
    channel: text,
    reign,
    inputs: list(
      tuple<[string, number, unknown, number | undefined]>(text, whole(1), anything, orNull(whole(0))),
    ),
    seen: list(tuple<[string, number]>(text, whole(0))),
    requests: list(readRequest),
  }),
  answer: fields({
    is: is("answer"),
    channel: text,
    id: text,
    code: oneOf("ok", "room_full", "room_closed", "room_moved", "refused", "bad_request", "unavailable"),
    last: orNull(whole(0)),
    newest: orNull(whole(0)),
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
