import { offsetAt } from "../../protocol/index.js";
import type { Retain } from "../contract.js";

/** The entries that a log keeps, as retention sees them. */
export interface KeptEntries {
  readonly length: number;
  /** Bytes of payload and meta. */
  readonly bytes: number;
  dropOldest(): void;
  /** Drops every entry before `offset`. */
  dropBefore(offset: number): void;
  clear(): void;
}

/** Whether a log keeps entries at all. */
export function keepsAnything(retain: Retain | undefined): boolean {
  return retain?.count !== undefined || retain?.bytes !== undefined || retain?.age !== undefined;
}

/** Drops what is over a limit, at wall-clock time `now` (milliseconds since 1970). */
export function applyRetain(kept: KeptEntries, retain: Retain | undefined, now: number): void {
  if (retain === undefined || !keepsAnything(retain) || retain.count === 0) return kept.clear();
  const { count, bytes, age } = retain;
  if (count !== undefined) while (kept.length > count) kept.dropOldest();
  if (bytes !== undefined) while (kept.bytes > bytes) kept.dropOldest();
  if (age !== undefined) kept.dropBefore(offsetAt(now - age));
}
