import type { Histogram } from "./histogram.js";
import type { Member } from "./member.js";
import { micros, sentAt } from "./payload.js";

const NEWLINE = 10;

/** Hot path. Records how long each of `count` messages took that came in one frame; those that are not ours are left out. */
export function recordLatencies(
  histogram: Histogram,
  { dialect }: Member,
  count: number,
  bytes: Uint8Array,
  start: number,
): void {
  const now = micros();
  let line = start;
  for (let i = 0; i < count; i++) {
    const sent = sentAt(bytes, dialect.payloadAt(bytes, line));
    if (sent !== undefined) histogram.record(now - sent);
    if (i + 1 < count) line = bytes.indexOf(NEWLINE, line) + 1;
  }
}
