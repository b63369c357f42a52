/**
 * What a broker promises of logs that are kept by slots: what their entries add up to is kept, and a newcomer reads it from
 * offset 0. An entry changes several slots at once; of each slot the newest entry is kept, and of those that were deleted a
 * tombstone for a while, so that whoever comes back hears of it.
 */
import type { Cursor } from "../protocol/index.js";
import type { Appended, Epoch, Key, Payload, Retain } from "./values.js";

/** What is done to one slot. */
export interface Change {
  /** Any text. A draft MUST NOT name a slot twice. */
  readonly slot: string;
  /** What the slot holds from now on; `undefined`: nothing, it is deleted. */
  readonly data: Payload | undefined;
  /**
   * Milliseconds until the slot is due to be deleted: see {@link SlotsPage.due}. Left out: never. `keep`: when it was due before,
   * never where it held nothing. Not in entries.
   */
  readonly ttl?: number | "keep";
}

/** What must be so of a slot for a draft to be appended. */
export interface Condition {
  readonly slot: string;
  /**
   * - a cursor: the newest entry of the slot, or its tombstone, is at or below it. Where the log has neither, the cursor
   *   MUST NOT be below the floor. A cursor with a loss behind it holds for nothing.
   * - `absent`: there is nothing in the slot, or what is in it is due.
   * - `due`: what is in the slot is due.
   *
   * Nothing is due within {@link DUE_REST_MS} of the beginning of the log's newest epoch: after an outage, those who would have
   * said that they are still there speak first.
   */
  readonly unchangedSince: Cursor | "absent" | "due";
}

/** How long after the beginning of an epoch nothing is due, in milliseconds. */
export const DUE_REST_MS = 5000;

/** Changes that are to be made at once: all of them, under one offset, or none. */
export interface ChangesDraft {
  readonly key: Key;
  /** What stands beside the changes on the wire: the text of a JSON object. Opaque to a broker. */
  readonly meta?: string;
  /** As that of a `Draft`. */
  readonly within?: number;
  /** As that of a `Draft`. */
  readonly reign?: string;
  readonly changes: readonly Change[];
  /** What must hold. Conditions see what drafts before this one in the same call have done. */
  readonly if?: readonly Condition[];
  /** Hinted without its changes. */
  readonly quiet?: boolean;
}

/** Changes in the log. */
export interface ChangesEntry {
  readonly offset: number;
  /** The offset of the entry before it, for the continuity of hints; in a page it means nothing, since what was overtaken is not there. */
  readonly prev: number;
  readonly meta?: string;
  /** In a page those that are still the newest of their slots. Left out of a hint that is quiet or above {@link MOST_HINTED_BYTES}: who needs them reads. */
  readonly changes?: readonly Change[];
}

/** Changes that are larger than this, in bytes of slots and payloads, are hinted without what they change. */
export const MOST_HINTED_BYTES = 64 * 1024;

/** What a log keeps by slots. */
export interface SlotsKeeping {
  readonly by: "slots";
  /** How many slots hold something, and how many bytes of names and payloads those are. */
  readonly most: { readonly count: number; readonly bytes: number };
  /** Which tombstones are kept: their number, the bytes of their names, their age. Without any of these limits all are. They do not count in `most`. */
  readonly graves: Retain;
  /** Milliseconds after its last use when the log may go. Left out: only once it has been empty and unused for {@link EMPTY_MS}. */
  readonly keepFor?: number;
}

/** How long an empty log that nobody uses stays at least, in milliseconds; its dedupe window where that is longer. */
export const EMPTY_MS = 3_600_000;

/** What the server knows of such a channel and tells the broker with each call. */
export interface SlotsOptions {
  readonly keeping: SlotsKeeping;
  /** How long keys are remembered, in milliseconds. */
  readonly dedupe: number;
  /** As that of `LogOptions`. */
  readonly fenced?: true;
}

/** What became of one draft of changes. */
export type Changed =
  | Placed
  /**
   * All slots held what they were to hold: nothing was appended, times to live were set anew. `offset` is the newest place of its
   * slots, or the head where they have none. A retry is told the same place.
   */
  | (Placed & { readonly duplicate: false; readonly same: true })
  | Exclude<Appended, { readonly offset: number }>
  | Refused;

/** Where a draft is in the log. */
export type Placed = Extract<Appended, { readonly offset: number }> & {
  /** The epoch being written when it was looked at: with it the offset is a cursor, also where an earlier epoch has the entry. */
  readonly epoch: string;
};

/** Why a draft of changes was not appended. It stops no other draft of the call, and its key is as good as new. */
export type Refused =
  /**
   * A condition does not hold. `at` is good for the next try; `now` is what the slots of all its conditions hold at that place,
   * `undefined` where that is nothing, as far as it fits into {@link CONFLICT_BYTES}.
   */
  | {
      readonly error: "conflict";
      readonly at: Cursor;
      readonly now: ReadonlyMap<string, Payload | undefined>;
    }
  /** The log would hold more than `most`, and more than before. */
  | { readonly error: "log_full"; readonly limit: "count" | "bytes" }
  /** A condition's cursor lies beyond the head. */
  | { readonly error: "cursor_ahead" };

/** How much of what slots hold a conflict tells, in bytes. */
export const CONFLICT_BYTES = 32 * 1024;

/** Where to read: the newest entries of some slots, of up to so many of those that are due now, or onwards in the order of last change. */
export type SlotsFrom =
  | { readonly slots: readonly string[] }
  | { readonly due: number }
  | { readonly after: number; readonly limit: number; readonly bytes: number };

/** A stretch of such a log. All of it is true at one moment; the pages of one walk are not. */
export interface SlotsPage {
  /** In the order of their last change, tombstones included, one entry for each offset; a page never ends inside an offset. */
  readonly entries: readonly ChangesEntry[];
  /** The newest tombstone that was dropped, 0 where none was: a cursor at or above it misses nothing. */
  readonly floor: number;
  /** The offset of the newest entry ever appended; 0 when there was none. */
  readonly head: number;
  /** Oldest first, at least one, at most 16; the last is the one being written. */
  readonly epochs: readonly Epoch[];
  /** Milliseconds until the next slot is due, 0 where one is; left out where none will be. A page never hides what is due. */
  readonly due?: number;
}

/** Changes as they were appended. A hint: it may be lost, late or repeated, and then reading repairs it. */
export interface ChangesHint {
  readonly epoch: string;
  readonly entries: readonly ChangesEntry[];
}
