/** Where offsets end, for brokers that make them themselves. */
import { MAX_OFFSET, nextOffset, offsetAt } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";

/** The largest offset that an entry can have: one below what "before the end" means in reads. */
const LAST_OFFSET = MAX_OFFSET - 1;

/** Whether so many entries more have offsets after `head`, at wall-clock time `now` (milliseconds since 1970). */
export function hasOffsetsFor(count: number, head: number, now: number): boolean {
  return count === 0 || nextOffset(head, now) <= LAST_OFFSET - count + 1;
}

/** What an append is refused with that needs one beyond. */
export function noOffsetLeft(): BrokerError {
  return new BrokerError(
    "unavailable",
    "no offset is left for this entry, since the broker's clock is, or was, beyond 2089: set it right; a channel that was written meanwhile needs another name",
  );
}

/** Presence counts its changes in the same numbers: however wrong the clock is, it has room for so many. */
const CHANGES = 2 ** 40;

/**
 * The version that a channel's presence begins with at `now` (milliseconds since 1970). Made out of time, so that it is above
 * those of an earlier process, and above `dropped`, the highest of what was let go.
 */
export function firstVersionAt(now: number, dropped: number): number {
  return Math.max(Math.min(offsetAt(now), MAX_OFFSET - CHANGES), dropped + 1);
}
