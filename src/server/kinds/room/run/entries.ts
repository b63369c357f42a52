/** What entered in a tick as text, for the log: a JSON list, the tick first. */
import type { Entering, TickEntry } from "./entering.js";
import { fault } from "./faults.js";
import { anything, expected, flag, number, orNull, text, tuple, whole, type Reader } from "./strict-json.js";

type Packed = readonly [is: Entering["is"], ...rest: unknown[]];

/**
 * @example encodeEntry({ tick: 7, entered: [{ is: "away", seat: "a" }] }) // '[7,null,["away","a"]]'
 */
export function encodeEntry({ tick, at, entered }: TickEntry): string {
  return JSON.stringify([tick, at ?? null, ...entered.map(pack)]);
}

/** @throws {RoomFault} `bad_entry` */
export function decodeEntry(json: string): TickEntry {
  try {
    const value: unknown = JSON.parse(json);
    if (!Array.isArray(value)) throw expected("a list", value);
    const [tick, at, ...entered]: unknown[] = value;
    const time = orNull(number(0))(at);
    return { tick: whole(1)(tick), ...(time !== undefined && { at: time }), entered: entered.map(unpack) };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw fault("bad_entry", `an entry of a room's log cannot be read: ${said}`, error);
  }
}

function pack(one: Entering): Packed {
  switch (one.is) {
    case "join":
      return [one.is, one.seat, one.user, one.join, one.over ?? false];
    case "reserve":
      return [one.is, one.seat, one.ms];
    case "leave":
      return [one.is, one.seat, one.why];
    case "here":
      return [one.is, one.seat, one.from ?? null];
    case "away":
      return [one.is, one.seat];
    case "input":
      return [one.is, one.seat, one.n, one.input, one.seen ?? null];
    case "seen":
      return [one.is, one.seat, one.tick];
    case "send":
      return [one.is, one.event, one.json, one.to ?? null];
    case "close":
      return [one.is, one.reason];
  }
}

const why: Reader<"left" | "kicked"> = (value) => {
  if (value === "left" || value === "kicked") return value;
  throw expected("left or kicked", value);
};

const READERS: { readonly [Is in Entering["is"]]: (rest: readonly unknown[]) => Entering } = {
  join(rest) {
    const [seat, user, join, over] = tuple<[string, unknown, unknown, boolean]>(
      text,
      anything,
      anything,
      flag,
    )(rest);
    return { is: "join", seat, user, join, ...(over && { over }) };
  },
  reserve(rest) {
    const [seat, ms] = tuple<[string, number]>(text, number(0))(rest);
    return { is: "reserve", seat, ms };
  },
  leave(rest) {
    const [seat, reason] = tuple<[string, "left" | "kicked"]>(text, why)(rest);
    return { is: "leave", seat, why: reason };
  },
  here(rest) {
    const [seat, from] = tuple<[string, number | undefined]>(text, orNull(whole(1)))(rest);
    return { is: "here", seat, ...(from !== undefined && { from }) };
  },
  away(rest) {
    const [seat] = tuple<[string]>(text)(rest);
    return { is: "away", seat };
  },
  input(rest) {
    const readers = [text, whole(1), anything, orNull(whole(0))] as const;
    const [seat, n, input, seen] = tuple<[string, number, unknown, number | undefined]>(...readers)(rest);
    return { is: "input", seat, n, input, ...(seen !== undefined && { seen }) };
  },
  seen(rest) {
    const [seat, tick] = tuple<[string, number]>(text, whole(0))(rest);
    return { is: "seen", seat, tick };
  },
  send(rest) {
    const [event, json, to] = tuple<[string, string, string | undefined]>(text, text, orNull(text))(rest);
    return { is: "send", event, json, ...(to !== undefined && { to }) };
  },
  close(rest) {
    const [reason] = tuple<[string]>(text)(rest);
    return { is: "close", reason };
  },
};

function unpack(value: unknown): Entering {
  if (!Array.isArray(value)) throw expected("a list", value);
  const [is, ...rest]: unknown[] = value;
  if (typeof is !== "string" || !isKnown(is)) throw expected("something that enters a room", is);
  return READERS[is](rest);
}

function isKnown(is: string): is is Entering["is"] {
  return Object.hasOwn(READERS, is);
}
