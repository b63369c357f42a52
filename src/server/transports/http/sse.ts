/**
 * Server-Sent Events: one channel, for `EventSource` and `curl -N`. The id of an event is the cursor behind it, and where only some
 * keys of a channel are seen, which those are: a browser that comes back sends nothing else.
 */
import {
  parseCursor,
  splitTextLines,
  type ErrorBody,
  type Meta,
  type SubscribeResult,
} from "../../../protocol/index.js";
import type { Format } from "./link.js";

/** How many characters of other events wait for the end of a message; past that, what they say has to be asked for. */
const MOST_WAITING = 16 * 1024;

/** What stands between a cursor and the view that it belongs to. */
const VIEW = ";";

/** The connect command that a query stands for, or what is wrong with it. */
export function connectOf(
  query: URLSearchParams,
  lastEventId: string | undefined,
  bearer: string | undefined,
): object | string {
  const channel = query.get("channel");
  if (channel === null) return "a channel is needed: /sse?channel=chat/lobby";
  const token = query.get("token") ?? bearer;
  const start: Record<string, unknown> = {};
  const place = lastEventId ?? query.get("cursor");
  if (place !== null && place !== "") {
    const [cursor, view] = place.split(VIEW);
    start["cursor"] = cursor;
    if (view !== undefined) start["view"] = view;
  } else {
    for (const name of ["last", "since"]) if (query.has(name)) start[name] = numberOf(query.get(name));
  }
  const prefix = query.get("prefix");
  if (prefix !== null) start["prefix"] = prefix;
  if (query.has("keys")) start["keys"] = query.getAll("keys");
  if (query.has("rate")) start["rate"] = decimalOf(query.get("rate"));
  return { ...(token !== undefined && { token }), subs: { [channel]: start } };
}

/** What an event stream cannot say by itself. */
export interface EventStreamOwner {
  /** The channel was refused; nothing else is told. */
  onRefused(error: ErrorBody): void;
  /** A message has begun that will not come to its end. An event cannot be taken back: the answer has to end. */
  onBroken(): void;
}

/**
 * @param channel the only one there is to hear of, whatever else the server subscribes
 * @param retry milliseconds that a browser waits before it comes back
 */
export function eventStream(channel: string, retry: number, owner: EventStreamOwner): Format {
  let epoch = "";
  let ch: number | undefined;
  /** Behind each cursor: the view that it belongs to. */
  let view = "";
  /** On a channel of keys: where one stands. At 0, what comes is all that there is. */
  let keyedAt: number | undefined;
  /** The part that comes next of a message that has begun; 0 where none has. */
  let next = 0;
  /** Events that came meanwhile. */
  let waiting = "";
  return {
    contentType: "text/event-stream; charset=utf-8",
    opening: `:${" ".repeat(2048)}\nretry: ${retry}\n\n`,
    // A blank line would end the event that has begun, and a browser would take it for whole.
    get ping() {
      return next > 0 ? ":\n" : ":\n\n";
    },
    close: (line) => (next > 0 ? "" : eventOf("close", line)),
    frame: (text) =>
      splitTextLines(text)
        .map(({ value, bytes }) => translate(value, bytes))
        .join(""),
  };

  function translate(value: unknown, bytes: Uint8Array | undefined): string {
    if (Array.isArray(value)) {
      const [of, offset, data, meta] = value as [number, number, unknown, Meta | undefined];
      return of === ch ? message(offset, data, meta, bytes) : "";
    }
    const { event, ok, ...rest } = value as {
      event?: string;
      ch?: number;
      version?: number;
      ok?: { subs?: Record<string, SubscribeResult | { error: ErrorBody }> };
    };
    if (event !== undefined && rest.ch !== ch) return "";
    const fields = JSON.stringify({ ...rest, ch: undefined });
    if (event === "gap" || event === "unsubscribed") {
      if (next > 0) return broken();
      if (event === "unsubscribed") return eventOf(event, fields);
      const gap = rest as unknown as { epoch: string; until: number };
      epoch = gap.epoch;
      if (keyedAt !== undefined) keyedAt = gap.until;
      return `${idLine(gap.until)}${eventOf(event, fields)}`;
    }
    if (event !== undefined) return inTurn(eventOf(event, fields), rest.version);
    const result = ok?.subs?.[channel];
    if (result === undefined) return "";
    if ("error" in result) {
      owner.onRefused(result.error);
      return "";
    }
    const { ch: own, cursor, ...more } = result;
    ch = own;
    const at = cursor === undefined ? undefined : parseCursor(cursor);
    epoch = at?.epoch ?? "";
    view = more.view === undefined ? "" : `${VIEW}${more.view}`;
    if (more.kind === "state") keyedAt = at?.offset;
    return `${at === undefined ? "" : idLine(at.offset)}${eventOf("subscribed", JSON.stringify(more))}`;
  }

  /** A message of several parts is one event: a line of data for each, and then its id. */
  function message(offset: number, data: unknown, meta: Meta = {}, bytes: Uint8Array | undefined): string {
    const { bytes: _, ...about } = meta;
    const { part = 0, more = false } = about;
    if (part !== next) return broken();
    const id = offset > 0 ? idLine(offset) : "";
    const body =
      bytes === undefined ? { data, ...about } : { base64: Buffer.from(bytes).toString("base64"), ...about };
    let line = `data: ${JSON.stringify(body)}\n`;
    if (keyedAt !== undefined) {
      // Without data a browser moves its id, and tells nobody.
      if (data === undefined) return `${id}\n`;
      if (part === 0)
        line = `event: state\ndata: ${JSON.stringify(keyedAt === 0 ? { ...body, full: true } : body)}\n`;
      if (!more) keyedAt = offset;
    }
    next = more ? part + 1 : 0;
    if (more) return line;
    if (part === 0) return `${id}${line}\n`;
    const others = waiting;
    waiting = "";
    return `${line}${id}\n${others}`;
  }

  function idLine(offset: number): string {
    return `id: ${epoch}:${offset}${view}\n`;
  }

  /** Now, or behind the message that has begun. */
  function inTurn(event: string, version: number | undefined): string {
    if (next === 0) return event;
    if (waiting.length + event.length > MOST_WAITING)
      waiting = eventOf("members", JSON.stringify({ version }));
    else waiting += event;
    return "";
  }

  function broken(): string {
    owner.onBroken();
    return "";
  }
}

function eventOf(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** A number of a query; NaN, which no start can have, for what is no number in decimal. */
function numberOf(text: string | null): number {
  return /^\d+$/.test(text ?? "") ? Number(text) : Number.NaN;
}

/** The same for one that may have a fraction. */
function decimalOf(text: string | null): number {
  return /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : Number.NaN;
}
