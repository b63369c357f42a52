/** Server-Sent Events: one channel, for `EventSource` and `curl -N`. The id of an event is the cursor behind it. */
import { splitTextLines, type ErrorBody, type Meta, type SubscribeResult } from "../../../protocol/index.js";
import type { Format } from "./link.js";

/** How many characters of other events wait for the end of a message; past that, what they say has to be asked for. */
const MOST_WAITING = 16 * 1024;

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
  const cursor = lastEventId ?? query.get("cursor");
  if (cursor !== null && cursor !== "") start["cursor"] = cursor;
  else {
    for (const name of ["last", "since"]) if (query.has(name)) start[name] = numberOf(query.get(name));
  }
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
      return `id: ${epoch}:${gap.until}\n${eventOf(event, fields)}`;
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
    epoch = cursor?.split(":")[0] ?? "";
    return `${cursor === undefined ? "" : `id: ${cursor}\n`}${eventOf("subscribed", JSON.stringify(more))}`;
  }

  /** A message of several parts is one event: a line of data for each, and then its id. */
  function message(offset: number, data: unknown, meta: Meta = {}, bytes: Uint8Array | undefined): string {
    const { bytes: _, ...about } = meta;
    const { part = 0, more = false } = about;
    if (part !== next) return broken();
    const id = offset > 0 ? `id: ${epoch}:${offset}\n` : "";
    const body =
      bytes === undefined ? { data, ...about } : { base64: Buffer.from(bytes).toString("base64"), ...about };
    const line = `data: ${JSON.stringify(body)}\n`;
    next = more ? part + 1 : 0;
    if (more) return line;
    if (part === 0) return `${id}${line}\n`;
    const others = waiting;
    waiting = "";
    return `${line}${id}\n${others}`;
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
