import type { Cursor, GapReason } from "../../protocol/index.js";
import type { Epoch } from "../contract.js";

/** Where a log stands, as far as it takes to judge a cursor. */
export interface LogPlace {
  /** Oldest first, at least one; the last is the one being written. */
  readonly epochs: readonly Epoch[];
  readonly head: number;
  /** A cursor at or above it misses nothing. */
  readonly floor: number;
}

/** `on`: what follows it can be told. `ahead`: it is beyond the head. Otherwise something was lost behind it, for that reason. */
export type Standing = "on" | "ahead" | GapReason;

/**
 * Where a cursor of a log that adds up stands. The order is the promise: an epoch that nobody knows says more than the offset
 * in it, and what was lost with an epoch more than what was let go later.
 */
export function judge({ epoch, offset }: Cursor, { epochs, head, floor }: LogPlace): Standing {
  // The beginning is the same in every epoch: before everything.
  if (offset === 0) return "on";
  const index = epochs.findIndex((one) => one.epoch === epoch || one.earlier === epoch);
  if (index < 0) return "epoch";
  const next = epochs[index + 1];
  if (next !== undefined && offset > next.base) return "rollback";
  if (offset < floor) return "trimmed";
  if (offset > head) return "ahead";
  return next === undefined ? "on" : "failover";
}
