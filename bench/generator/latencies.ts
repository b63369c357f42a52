import type { Histogram } from "../lib/histogram.js";
import { micros, sentAt } from "./dialect.js";
import type { Member } from "./member.js";

/**
 * Hot path. Records how long each of `count` messages took that came in one frame, whose last line ends at `end`:
 * all payloads are `payload` bytes, and all lines of equal length.
 */
export function recordLatencies(
  histogram: Histogram,
  { tail }: Member,
  payload: number,
  count: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const now = micros();
  const stride = (end - start + 1) / count;
  let at = end - tail - payload;
  for (let i = 0; i < count; i++) {
    histogram.record(now - sentAt(bytes, at));
    at -= stride;
  }
}
