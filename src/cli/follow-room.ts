/** What happens in a room, followed as lines of JSON: over every break, from what there is then. */
import { setTimeout as wait } from "node:timers/promises";
import { TidemarkError } from "../client/index.node.js";
import type { RoomNews } from "../server/index.js";
import { errorOf, reasonOf, type Api } from "./api.js";
import { Silence } from "./silence.js";

/** How long after a break it is tried again, in milliseconds. */
const RETRY_MS = 1000;

export interface FollowedRoom {
  readonly api: Api;
  readonly channel: string;
  /** Lines a second at most. */
  readonly rate: string | undefined;
  readonly signal: AbortSignal;
  /** Told when the server is gone, and when it is back. */
  readonly warn: (text: string) => void;
}

/**
 * Ends with the signal.
 *
 * @throws {TidemarkError} when the server says no, or the room has ended
 */
export async function* followRoom(followed: FollowedRoom): AsyncGenerator<RoomNews> {
  const { api, signal, warn } = followed;
  let isAway = false;
  while (!signal.aborted) {
    const silence = new Silence(signal);
    try {
      const response = await ask(followed, silence.signal);
      if (isAway) warn(`connected to ${api.url}`);
      isAway = false;
      for await (const line of linesOf(silence.heard(response.body ?? []))) yield newsOf(line);
    } catch (error) {
      if (error instanceof TidemarkError && !error.retry) throw error;
      if (signal.aborted) return;
      if (!isAway) warn(`cannot reach ${api.url} (${reasonOf(error)}); trying again`);
      isAway = true;
    } finally {
      silence.end();
    }
    await wait(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

async function ask(
  { api: { url, key }, channel, rate }: FollowedRoom,
  signal: AbortSignal,
): Promise<Response> {
  const address = new URL(`api/rooms/${encodeURIComponent(channel)}`, url);
  address.protocol = address.protocol.replace("ws", "http");
  address.search = new URLSearchParams({ watch: rate ?? "" }).toString();
  const response = await fetch(address, { headers: { authorization: `Bearer ${key}` }, signal });
  if (response.ok && response.headers.get("content-type")?.includes("ndjson") === true) return response;
  const { code, message } = errorOf(await response.json().catch(() => undefined)) ?? {
    code: "not_found",
    message: `there is no API at ${address.origin}${address.pathname}: start the server with an apiKey`,
  };
  // What is busy, or about to stop, is asked again.
  throw new TidemarkError(code, message, { retry: response.status >= 500 });
}

/** The lines of a body that say something. One that is cut off in the middle is none. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
}

function newsOf(line: string): RoomNews {
  const news: unknown = JSON.parse(line);
  const error = errorOf(news);
  if (error !== undefined) throw new TidemarkError(error.code, error.message);
  return news as RoomNews;
}
