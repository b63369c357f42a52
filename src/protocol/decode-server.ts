/** From a line to a server's frame. A client trusts its server: what does not fit is ignored. */
import type { EventFrame, MessageFrame, ServerFrame } from "./frames.js";
import type { Line } from "./lines.js";

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
  return { id, ok, error };
}

type Reply = Pick<ServerFrame, "id" | "ok" | "error">;

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
