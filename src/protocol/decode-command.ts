/** From a line to a command: total validation of what a client sent. Nothing behind this looks at raw input. */
import { channelNameProblem } from "./channel-name.js";
import { parseCursor } from "./cursor.js";
import { CommandError, FieldReader, NotACommand, asObject, nameOf, type Fields } from "./field-reader.js";
import type { Command, HistoryOptions, Id, Kind, StartAt, SubscribeOptions } from "./frames.js";
import { readPlay, readSecret } from "./decode-play.js";
import type { Line } from "./lines.js";
import type { AckCommand, ViewOptions } from "./state-frames.js";
import { isOffset } from "./offset.js";

const VERBS = [
  "connect",
  "refresh",
  "subscribe",
  "unsubscribe",
  "publish",
  "history",
  "members",
  "get",
  "call",
  "ack",
  "tune",
] as const;
type Verb = (typeof VERBS)[number];
const KINDS: readonly string[] = ["stream", "transient", "state", "room"] satisfies Kind[];
const MAX_TOKEN = 16_384;
const MAX_KEY = 128;
/** The longest name of a method, in UTF-16 units. */
export const MAX_METHOD = 255;
const MAX_PAGE = 1000;
/** The longest key of a channel that is kept by keys, in UTF-16 units, and the most that a list of them has. */
const MAX_SLOT = 256;
const MAX_SLOTS = 1000;
const MAX_VIEW = 32;
/** The least and the most that a window may be, in bytes. */
const LEAST_WINDOW = 1024;
const MOST_WINDOW = 16 * 1024 * 1024;

/**
 * Reads one line from a client.
 *
 * @throws {CommandError} when the line is an object but no well-formed command
 * @throws {NotACommand} when the line is not an object
 */
export function decodeCommand(line: Line): Command {
  const fields = asObject(line.value);
  if (fields === undefined) {
    throw new NotACommand(
      `a command is an object such as {"id":1,"subscribe":"chat/lobby"}, not ${nameOf(line.value)}`,
    );
  }
  const id = readId(fields);
  const verb = verbOf(fields, id);
  if (verb === undefined) {
    if (Object.keys(fields).length === 0) return { do: "ping" };
    throw new CommandError("unknown_command", `no command in this object; there are ${VERBS.join(", ")}`, id);
  }
  const read = new FieldReader(fields, id);
  switch (verb) {
    case "connect":
      return readConnect(fields["connect"], id);
    case "refresh":
      return readRefresh(fields["refresh"], id);
    case "subscribe":
      return { do: verb, id, channel: read.channel(verb), options: readSubscribe(read) };
    case "unsubscribe":
    case "members":
      return { do: verb, id, channel: read.channel(verb) };
    case "get":
      return { do: verb, id, channel: read.channel(verb), keys: readSlots(read, read.get("keys")) };
    case "publish":
      return readPublish(read, line.bytes);
    case "history":
      return { do: verb, id, channel: read.channel(verb), ...readHistory(read) };
    case "ack":
      return { do: verb, id, ...readAck(read) };
    case "tune":
      return { do: verb, id, channel: read.channel(verb), rate: readTuned(read) };
    case "call":
      return {
        do: verb,
        id,
        method: read.text(verb, 1, MAX_METHOD) ?? "",
        data: readInput(read, line.bytes),
      };
  }
}

/** Hot path: once per command. Each name is written out, since such a look-up takes a tenth of one by a variable. */
function verbOf(fields: Fields, id: Id): Verb | undefined {
  let found: Verb | "several" | undefined;
  if (fields["call"] !== undefined) found = "call";
  if (fields["publish"] !== undefined) found = and(found, "publish");
  if (fields["subscribe"] !== undefined) found = and(found, "subscribe");
  if (fields["unsubscribe"] !== undefined) found = and(found, "unsubscribe");
  if (fields["history"] !== undefined) found = and(found, "history");
  if (fields["members"] !== undefined) found = and(found, "members");
  if (fields["ack"] !== undefined) found = and(found, "ack");
  if (fields["tune"] !== undefined) found = and(found, "tune");
  if (fields["get"] !== undefined) found = and(found, "get");
  if (fields["connect"] !== undefined) found = and(found, "connect");
  if (fields["refresh"] !== undefined) found = and(found, "refresh");
  // It could come from a prototype that somebody has added to.
  if (found === undefined || (found !== "several" && Object.hasOwn(fields, found))) return found;
  const verbs = VERBS.filter((verb) => Object.hasOwn(fields, verb));
  if (verbs.length > 1)
    throw new CommandError("bad_request", `one command at a time, not ${verbs.join(" and ")}`, id);
  return verbs[0];
}

function and(found: Verb | "several" | undefined, verb: Verb): Verb | "several" {
  return found === undefined ? verb : "several";
}

function readId(fields: Fields): Id {
  const id = Object.hasOwn(fields, "id") ? fields["id"] : undefined;
  if (id === undefined || isOffset(id)) return id;
  throw new CommandError("bad_request", "id must be a whole number from 0 to 2^53 - 1", undefined);
}

function readConnect(value: unknown, id: Id): Command {
  const fields = asObject(value);
  if (fields === undefined) throw new CommandError("bad_request", "connect takes an object, such as {}", id);
  const read = new FieldReader(fields, id);
  const subs = new Map<string, SubscribeOptions>();
  const wanted = read.get("subs") ?? {};
  const byName = asObject(wanted);
  if (byName === undefined) return read.fail("subs takes an object of channel names");
  for (const name of Object.keys(byName)) {
    const problem = channelNameProblem(name);
    if (problem !== undefined) return read.fail(problem);
    const options = asObject(byName[name]);
    if (options === undefined)
      return read.fail(`subs takes an object for ${JSON.stringify(name)}, such as {}`);
    subs.set(name, readSubscribe(new FieldReader(options, id)));
  }
  return {
    do: "connect",
    id,
    token: readToken(read),
    publisher: read.text("publisher", 16, MAX_KEY),
    ticket: read.text("ticket", 0, MAX_KEY),
    secret: readSecret(read),
    subs,
  };
}

function readRefresh(value: unknown, id: Id): Command {
  const fields = asObject(value);
  if (fields === undefined)
    throw new CommandError("bad_request", 'refresh takes an object, such as {"token":"…"}', id);
  return { do: "refresh", id, token: readToken(new FieldReader(fields, id)) };
}

function readToken(read: FieldReader): string | undefined {
  return read.text("token", 0, MAX_TOKEN);
}

function readSubscribe(read: FieldReader): SubscribeOptions {
  const start = readStart(read);
  const view = readView(read);
  const play = readPlay(read);
  const wanted = view === undefined && play === undefined ? start : { ...start, ...view, ...play };
  const kind = read.get("kind");
  if (kind === undefined) return wanted;
  if (typeof kind !== "string" || !KINDS.includes(kind))
    return read.fail(`kind must be one of ${KINDS.join(", ")}`);
  return { ...wanted, kind: kind as Kind };
}

/** What is wanted of a channel that is kept by keys; `undefined` where nothing is said of it, as on all others. */
function readView(read: FieldReader): ViewOptions | undefined {
  const rate = read.get("rate");
  const keys = read.get("keys");
  const prefix = read.text("prefix", 0, MAX_SLOT);
  const view = read.text("view", 1, MAX_VIEW);
  const window = read.count("window", LEAST_WINDOW, MOST_WINDOW);
  if ((rate ?? keys ?? prefix ?? view ?? window) === undefined) return undefined;
  if (rate !== undefined && !isRate(rate))
    return read.fail("rate must be a number of messages a second, or 0");
  if (keys !== undefined && prefix !== undefined) return read.fail("keys and prefix exclude each other");
  return {
    ...(rate !== undefined && { rate }),
    ...(keys !== undefined && { keys: readSlots(read, keys) }),
    ...(prefix !== undefined && { prefix }),
    ...(view !== undefined && { view }),
    ...(window !== undefined && { window }),
  };
}

function isRate(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function readAck(read: FieldReader): AckCommand {
  const ch = read.count("ack", 0, Number.MAX_SAFE_INTEGER);
  const n = read.count("n", 0, Number.MAX_SAFE_INTEGER);
  if (ch === undefined || n === undefined)
    return read.fail('ack takes the number of a channel and how many lines have come, {"ack":7,"n":4}');
  return { ch, n };
}

/** What a subscription is tuned to. There is no default: what was meant to be said and got lost must not lift a limit. */
function readTuned(read: FieldReader): number | undefined {
  const rate = read.get("rate");
  if (rate === null) return undefined;
  return isRate(rate)
    ? rate
    : read.fail("tune takes a rate: a number of messages a second, 0 for none, or null for as they come");
}

function readSlots(read: FieldReader, keys: unknown): readonly string[] {
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > MAX_SLOTS)
    return read.fail(`keys takes a list of 1 to ${MAX_SLOTS} keys`);
  return keys.map((key: unknown) =>
    typeof key === "string" && key.length <= MAX_SLOT ? key : read.fail("keys takes keys"),
  );
}

function readStart(read: FieldReader): StartAt {
  const cursor = read.text("cursor", 0, 64);
  if (cursor !== undefined) {
    if (parseCursor(cursor) === undefined) return read.fail("cursor must be of the form epoch:offset");
    return { cursor };
  }
  const last = read.count("last", 0, MAX_PAGE);
  const since = read.count("since", 0, Number.MAX_SAFE_INTEGER);
  if (last !== undefined && since !== undefined) return read.fail("last and since exclude each other");
  if (last !== undefined) return { last };
  return since === undefined ? {} : { since };
}

function readPublish(read: FieldReader, bytes: Uint8Array | undefined): Command {
  if (bytes !== undefined && (read.get("data") ?? null) !== null)
    return read.fail("data must be null where there are bytes");
  if (bytes === undefined && !Object.hasOwn(read.fields, "data")) return read.fail("publish takes data");
  const idem = read.get("idem");
  const goodKey = typeof idem === "string" ? idem.length >= 1 && idem.length <= MAX_KEY : isOffset(idem);
  if (idem !== undefined && !goodKey)
    return read.fail(`idem must be a text of 1 to ${MAX_KEY} characters or a whole number`);
  const first = read.get("first");
  if (first !== undefined && typeof first !== "boolean") return read.fail("first must be true or false");
  return {
    do: "publish",
    id: read.id,
    channel: read.channel("publish"),
    data: bytes === undefined ? read.get("data") : null,
    json: undefined,
    bytes,
    idem: idem as number | string | undefined,
    first: first === true,
    age: read.count("age", 0, Number.MAX_SAFE_INTEGER) ?? 0,
  };
}

/** What a method is called with. Bytes are a copy: a method may keep them, and they are a view into a frame. */
function readInput(read: FieldReader, bytes: Uint8Array | undefined): unknown {
  const data = read.fields["data"];
  if (bytes === undefined) return data;
  return (data ?? null) === null ? bytes.slice() : read.fail("data must be null where there are bytes");
}

function readHistory(read: FieldReader): HistoryOptions {
  const places = ["before", "after", "since"].filter((name) => read.get(name) !== undefined);
  if (places.length > 1) return read.fail(`${places.join(" and ")} exclude each other`);
  const options: { -readonly [K in keyof HistoryOptions]: HistoryOptions[K] } = {};
  for (const name of ["before", "after", "since"] as const) {
    const value = read.count(name, 0, Number.MAX_SAFE_INTEGER);
    if (value !== undefined) options[name] = value;
  }
  const limit = read.count("limit", 1, MAX_PAGE);
  if (limit !== undefined) options.limit = limit;
  return options;
}
