/** A channel of keys, followed by Server-Sent Events: over every break, from where it was. */
import { setTimeout as wait } from "node:timers/promises";
import { TidemarkError } from "../client/index.node.js";
import { shouldReconnect } from "../protocol/index.js";
import { errorOf, reasonOf } from "./api.js";
import { eventsOf, type StreamedEvent } from "./event-stream.js";
import { printable } from "./output.js";
import { Silence } from "./silence.js";

/** How long after a break it is tried again, in milliseconds. */
const RETRY_MS = 1000;

export interface Followed {
  /** Where channels are. */
  readonly url: string;
  readonly token: string | undefined;
  /** Which channel, and what of it. */
  readonly query: readonly (readonly [string, string])[];
  readonly signal: AbortSignal;
  /** Told when the server is gone, and when it is back. */
  readonly warn: (text: string) => void;
}

/** What has changed, all of it at once. */
export interface StateNews {
  /** As JSON; `undefined` where a key holds nothing any more. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** That is all there is. */
  readonly full: boolean;
}

/** The channel is a room, which has no keys. */
export class RoomFollowed extends Error {
  override readonly name = "RoomFollowed";
}

/**
 * Ends with the signal.
 *
 * @throws {TidemarkError} when the server says no, or ends it for good
 * @throws {RoomFollowed}
 */
export async function* followState(followed: Followed): AsyncGenerator<StateNews> {
  const { url, signal, warn } = followed;
  let isAway = false;
  let id: string | undefined;
  while (!signal.aborted) {
    const silence = new Silence(signal);
    try {
      const response = await ask(followed, id, silence.signal);
      if (isAway) warn(`connected to ${url}`);
      isAway = false;
      for await (const event of eventsOf(silence.heard(response.body ?? []))) {
        id = event.id ?? id;
        const news = newsOf(event);
        if (news !== undefined) yield news;
      }
    } catch (error) {
      if (error instanceof RoomFollowed || (error instanceof TidemarkError && !error.retry)) throw error;
      if (signal.aborted) return;
      if (!isAway) warn(`cannot reach ${url} (${reasonOf(error)}); trying again`);
      isAway = true;
    } finally {
      silence.end();
    }
    await wait(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

async function ask(
  { url, token, query }: Followed,
  id: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const address = new URL(url);
  address.protocol = address.protocol.replace("ws", "http");
  address.pathname = `${address.pathname.replace(/\/$/, "")}/sse`;
  address.search = new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
  const response = await fetch(address, {
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(id !== undefined && { "last-event-id": id }),
    },
    signal,
  });
  if (response.ok && response.headers.get("content-type")?.startsWith("text/event-stream") === true)
    return response;
  const { code, message } = errorOf(await response.json().catch(() => undefined)) ?? {
    code: "not_found",
    message: `there are no channels over HTTP at ${address.origin}${address.pathname}`,
  };
  // What is busy, or about to stop, is asked again.
  throw new TidemarkError(code, message, { retry: response.status === 429 || response.status >= 500 });
}

/** `undefined` where an event tells of no keys. */
function newsOf({ name, data }: StreamedEvent): StateNews | undefined {
  const [first] = data;
  if (first === undefined) return undefined;
  switch (name) {
    case "state":
      return putTogether(data);
    case "subscribed": {
      const { kind } = JSON.parse(first) as { readonly kind: string };
      if (kind === "state") return undefined;
      if (kind === "room") throw new RoomFollowed("it is a room");
      throw new TidemarkError(
        "wrong_kind",
        `it is a ${printable(kind)} channel, which has no keys; try tidemark sub`,
      );
    }
    case "unsubscribed": {
      const { code, message } = JSON.parse(first) as { readonly code: string; readonly message: string };
      throw new TidemarkError(code, message, { retry: false });
    }
    case "close": {
      const { close, reason } = JSON.parse(first) as { readonly close: number; readonly reason: string };
      throw new TidemarkError(shouldReconnect(close) ? "connection_lost" : "disconnected", reason, {
        retry: shouldReconnect(close),
      });
    }
    default:
      return undefined;
  }
}

/** A message: a line of data for each of its parts. */
function putTogether(data: readonly string[]): StateNews {
  const changes = new Map<string, string | undefined>();
  let isFull = false;
  for (const line of data) {
    const part = JSON.parse(line) as {
      readonly data: readonly unknown[];
      readonly del?: readonly string[];
      readonly full?: boolean;
    };
    if (part.full === true) isFull = true;
    for (let i = 0; i < part.data.length; i += 2)
      changes.set(String(part.data[i]), JSON.stringify(part.data[i + 1]));
    for (const key of part.del ?? []) changes.set(key, undefined);
  }
  return { changes, full: isFull };
}
