/** From a line to a server's frame. A client trusts its server: what does not fit is ignored. */
import type { ErrorBody, EventFrame, MessageFrame, ServerFrame } from "./frames.js";
import type { Line } from "./lines.js";

/** The longest time that a server's word is waited for, in milliseconds: a day. */
const MAX_WAIT = 86_400_000;
/** A command that is refused for less than this is not sent again at once, in milliseconds. */
const MIN_WAIT = 5;

/**
 * How long a server asks to wait, in milliseconds: what is no time, or none to come, is `undefined`. So no answer makes
 * a client ask in a loop, or wait for longer than its timers can.
 */
export function waitOf(after: unknown): number | undefined {
  return typeof after === "number" && after > 0 ? Math.min(Math.max(after, MIN_WAIT), MAX_WAIT) : undefined;
}

/** An error as it may be relied on, whoever answered: one without a code is `internal`. */
export function readError(error: unknown): ErrorBody {
  const { after, code, message = "", ...rest } = Object(error) as Partial<ErrorBody>;
  const wait = waitOf(after);
  return {
    retry: false,
    ...rest,
    code: typeof code === "string" ? code : "internal",
    message: String(message),
    ...(wait && { after: wait }),
  };
}

/**
 * Reads one line from a server. Bytes take the payload's place in a message and in history entries.
 * Unknown frames have none of the fields, so that an older client lives with a newer server.
 */
export function decodeServer({ value, bytes }: Line): ServerFrame {
  if (Array.isArray(value)) {
    if (bytes !== undefined) value[2] = bytes;
    return { message: value as unknown as MessageFrame };
  }
  // What is no object, null included, becomes an empty one.
  const { id, ok, error, event } = Object(value) as Reply & { event?: string };
  if (event !== undefined) return { event: value as EventFrame };
  if (bytes !== undefined) placeBytes(ok, bytes);
  // What has neither an id nor a code is not of this protocol.
  if (!error || (id === undefined && typeof error.code !== "string")) return { id, ok };
  return { id, ok, error: readError(error) };
}

type Reply = Pick<ServerFrame, "id" | "ok" | "error">;

/** Deals the bytes behind a history reply out to the entries that announce some. */
function placeBytes(ok: unknown, bytes: Uint8Array): void {
  const entries = (ok as { entries?: [number, unknown, { bytes?: number }?][] } | null | undefined)?.entries;
  if (!Array.isArray(entries)) return;
  let at = 0;
  for (const entry of entries) {
    const size = entry[2]?.bytes;
    if (size !== undefined) entry[1] = bytes.subarray(at, (at += size));
  }
}
