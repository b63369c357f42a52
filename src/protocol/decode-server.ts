/** From a line to a server's frame. A client trusts its server: what does not fit is `undefined` and ignored. */
import type { ErrorBody, EventFrame, MessageFrame, ServerFrame } from "./frames.js";
import type { Line } from "./lines.js";

/**
 * Reads one line from a server. Bytes take the payload's place in a message and in history entries.
 * Unknown frames give `undefined`, so that an older client lives with a newer server.
 */
export function decodeServer(line: Line): ServerFrame | undefined {
  const { value, bytes } = line;
  if (Array.isArray(value)) {
    if (bytes !== undefined) value[2] = bytes;
    return { is: "message", message: value as unknown as MessageFrame };
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, ok, error, event } = value as { id?: number; ok?: unknown; error?: ErrorBody; event?: string };
  if (event !== undefined) return { is: "event", event: value as EventFrame };
  if (error !== undefined) return { is: "error", id, error };
  if (id !== undefined) {
    if (bytes !== undefined) placeBytes(ok, bytes);
    return { is: "ok", id, ok };
  }
  return Object.keys(value).length === 0 ? { is: "ping" } : undefined;
}

/** Deals the bytes behind a history reply out to the entries that announce some. */
function placeBytes(ok: unknown, bytes: Uint8Array): void {
  const entries = (ok as { entries?: [number, unknown, { bytes?: number }?][] } | null | undefined)?.entries;
  if (!Array.isArray(entries)) return;
  let at = 0;
  for (const entry of entries) {
    const size = entry[2]?.bytes;
    if (size === undefined) continue;
    entry[1] = bytes.subarray(at, at + size);
    at += size;
  }
}
