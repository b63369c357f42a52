/**
 * The heart of it: what follows a cursor, given a page of the log read after it. A reconnecting client, a slow
 * one, and the feed itself when a hint was lost all ask this one question. A pure function.
 */
import type { Entry, Page } from "../../broker/index.js";
import type { Cursor, GapReason } from "../../protocol/index.js";

export interface Gap {
  readonly after: number;
  readonly until: number;
  readonly epoch: string;
  readonly reason: GapReason;
}

/** What to tell the subscriber, in order. */
export type Step = { readonly gap: Gap } | { readonly entry: Entry };

export interface Reading {
  readonly steps: readonly Step[];
  /** Where the subscriber stands after the steps. */
  readonly cursor: Cursor;
  /**
   * `head`: that is all there is. `more`: read again from `cursor`. `ahead`: the cursor is beyond what this read
   * saw; the read was stale, or the broker lost its end and has appended nothing since. Judge again when it has.
   */
  readonly standing: "head" | "more" | "ahead";
}

/** Follows the log from `from`, where `page` was read after `from.offset`. */
export function readOn(from: Cursor, page: Page): Reading {
  const index = page.epochs.findIndex(({ epoch, earlier }) => epoch === from.epoch || earlier === from.epoch);
  const newest = page.epochs.at(-1);
  if (newest === undefined) throw new Error("a page has at least one epoch");
  const known = page.epochs[index];
  if (known === undefined) return jump(from, page.head, newest.epoch, "epoch", "head");
  // An earlier name is gone on with under the one that all others use, and nothing is told of it.
  const cursor = known.epoch === from.epoch ? from : { epoch: known.epoch, offset: from.offset };

  const next = page.epochs[index + 1];
  if (next !== undefined && cursor.offset > next.base)
    return jump(cursor, next.base, next.epoch, "rollback", "more");

  const first = page.entries[0];
  if (first === undefined) {
    if (cursor.offset > page.head) return { steps: [], cursor, standing: "ahead" };
    if (cursor.offset < page.head)
      return jump(cursor, page.head, epochOf(page, page.head), "trimmed", "head");
    return { steps: [], cursor, standing: "head" };
  }
  const steps: Step[] = [];
  let at = cursor;
  if (first.prev !== at.offset) {
    // Before the oldest kept: trimmed. After it, but no entry of that offset: the cursor names one that never was.
    const reason = first.prev > at.offset ? "trimmed" : "rollback";
    at = gapTo(steps, at, first.prev, epochOf(page, first.prev), reason);
  }
  for (const entry of page.entries) {
    const epoch = epochOf(page, entry.offset);
    if (epoch !== at.epoch) at = gapTo(steps, at, at.offset, epoch, "failover");
    steps.push({ entry });
    at = { epoch, offset: entry.offset };
  }
  return { steps, cursor: at, standing: at.offset === page.head ? "head" : "more" };
}

function jump(
  from: Cursor,
  until: number,
  epoch: string,
  reason: GapReason,
  standing: "head" | "more",
): Reading {
  const steps: Step[] = [];
  return { steps, cursor: gapTo(steps, from, until, epoch, reason), standing };
}

function gapTo(steps: Step[], from: Cursor, until: number, epoch: string, reason: GapReason): Cursor {
  steps.push({ gap: { after: from.offset, until, epoch, reason } });
  return { epoch, offset: until };
}

/** The epoch that the entry at `offset` belongs to: entries after an epoch's base are its. */
function epochOf(page: Page, offset: number): string {
  let name = (page.epochs[0] as { epoch: string }).epoch;
  for (const { epoch, base } of page.epochs) if (base < offset) name = epoch;
  return name;
}
