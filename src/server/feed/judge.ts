/** Where a cursor stands in a log, by what a page of the log tells of it. The same for all kinds. */
import type { Page } from "../../broker/index.js";
import type { Cursor } from "../../protocol/index.js";
import type { Gap } from "../delivery/encode.js";

/** `on`: nothing was missed. `ahead`: beyond the head that the page saw. `gap`: what was missed, and where the log goes on. */
export type Standing =
  | {
      readonly at: "on" | "ahead";
      /** The cursor, in an epoch of the page: an earlier name is gone on with under the one that all others use. */
      readonly cursor: Cursor;
    }
  | { readonly at: "gap"; readonly gap: Gap };

/** Judges a cursor. Whether the page's entries follow it is not looked at. A pure function. */
export function judge(cursor: Cursor, page: Page): Standing {
  const { epochs, head, oldestPrev: floor } = page;
  const newest = epochs.at(-1);
  if (newest === undefined) throw new Error("a page has at least one epoch");
  const after = cursor.offset;
  const index = epochs.findIndex(({ epoch, earlier }) => epoch === cursor.epoch || earlier === cursor.epoch);
  const known = epochs[index];
  if (known === undefined) return gapOf({ after, until: head, epoch: newest.epoch, reason: "epoch" });
  const next = epochs[index + 1];
  if (next !== undefined && cursor.offset > next.base)
    return gapOf({ after, until: next.base, epoch: next.epoch, reason: "rollback" });
  if (after < floor) return gapOf({ after, until: floor, epoch: epochOf(page, floor), reason: "trimmed" });
  const renamed = known.epoch === cursor.epoch ? cursor : { epoch: known.epoch, offset: after };
  return { at: after > head ? "ahead" : "on", cursor: renamed };
}

function gapOf(gap: Gap): Standing {
  return { at: "gap", gap };
}

/** The epoch that the entry at `offset` belongs to: entries after an epoch's base are its. */
export function epochOf({ epochs }: Page, offset: number): string {
  let name = epochs[0]?.epoch ?? "";
  for (const { epoch, base } of epochs) if (base < offset) name = epoch;
  return name;
}
