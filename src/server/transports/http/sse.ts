/** Server-Sent Events: one channel, for `EventSource` and `curl -N`. The id of an event is the cursor behind it. */
import { splitTextLines, type ErrorBody, type Meta, type SubscribeResult } from "../../../protocol/index.js";
import type { Format } from "./link.js";

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

/**
 * @param channel the only one there is to hear of, whatever else the server subscribes
 * @param retry milliseconds that a browser waits before it comes back
 * @param onRefused is told when the channel was refused, in place of anything else
 */
export function eventStream(channel: string, retry: number, onRefused: (error: ErrorBody) => void): Format {
  let epoch = "";
  let ch: number | undefined;
  return {
    contentType: "text/event-stream; charset=utf-8",
    opening: `:${" ".repeat(2048)}\nretry: ${retry}\n\n`,
    ping: ":\n\n",
    close: (line) => eventOf("close", line),
    frame: (text) =>
      splitTextLines(text)
        .map(({ value, bytes }) => translate(value, bytes))
        .join(""),
  };

  function translate(value: unknown, bytes: Uint8Array | undefined): string {
    if (Array.isArray(value)) {
      const [of, offset, data, meta] = value as [number, number, unknown, Meta | undefined];
      if (of !== ch) return "";
      const { bytes: _, ...about } = meta ?? {};
      const body =
        bytes === undefined
          ? { data, ...about }
          : { base64: Buffer.from(bytes).toString("base64"), ...about };
      return `${offset > 0 ? `id: ${epoch}:${offset}\n` : ""}data: ${JSON.stringify(body)}\n\n`;
    }
    const { event, ok, ...rest } = value as {
      event?: string;
      ch?: number;
      ok?: { subs?: Record<string, SubscribeResult | { error: ErrorBody }> };
    };
    if (event !== undefined && rest.ch !== ch) return "";
    const fields = JSON.stringify({ ...rest, ch: undefined });
    if (event === "gap") {
      const gap = rest as unknown as { epoch: string; until: number };
      epoch = gap.epoch;
      return `id: ${epoch}:${gap.until}\n${eventOf(event, fields)}`;
    }
    if (event !== undefined) return eventOf(event, fields);
    const result = ok?.subs?.[channel];
    if (result === undefined) return "";
    if ("error" in result) {
      onRefused(result.error);
      return "";
    }
    const { ch: own, cursor, ...more } = result;
    ch = own;
    epoch = cursor?.split(":")[0] ?? "";
    return `${cursor === undefined ? "" : `id: ${cursor}\n`}${eventOf("subscribed", JSON.stringify(more))}`;
  }
}

function eventOf(name: string, data: string): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** A number of a query; NaN, which no start can have, for what is no number in decimal. */
function numberOf(text: string | null): number {
  return /^\d+$/.test(text ?? "") ? Number(text) : Number.NaN;
}
