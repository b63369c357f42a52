/**
 * The heart of it: what follows a cursor, given a page of the log read after it. A reconnecting client, a slow
 * one, and the feed itself when a hint was lost all ask this one question. A pure function.
 */
import type { Page } from "../../../broker/index.js";
import type { Cursor } from "../../../protocol/index.js";
import type { Gap } from "../../delivery/encode.js";
import { epochOf, judge } from "../../feed/judge.js";
import type { Reading, Step } from "../kind.js";

/** Follows the log from `from`, where `page` was read after `from.offset`. */
export function readOn(from: Cursor, page: Page): Reading {
  const standing = judge(from, page);
  const steps: Step[] = [];
  if (standing.at === "ahead") return { steps, cursor: standing.cursor, standing: "ahead" };
  let at = standing.at === "gap" ? gapTo(steps, standing.gap) : standing.cursor;
  // The page was read for a place in another epoch, and says nothing of what follows here.
  if (standing.at === "gap" && standing.gap.reason === "epoch")
    return { steps, cursor: at, standing: "head" };
  if (standing.at === "gap" && standing.gap.reason === "rollback")
    return { steps, cursor: at, standing: "more" };

  const follows = page.entries[0]?.prev ?? page.head;
  if (follows !== at.offset) {
    // Before it, entries are missing. After it, but no entry of that offset: the cursor names one that never was.
    const reason = follows > at.offset ? "trimmed" : "rollback";
    at = gapTo(steps, { after: at.offset, until: follows, epoch: epochOf(page, follows), reason });
  }
  for (const entry of page.entries) {
    const epoch = epochOf(page, entry.offset);
    if (epoch !== at.epoch)
      at = gapTo(steps, { after: at.offset, until: at.offset, epoch, reason: "failover" });
    steps.push({ entry });
    at = { epoch, offset: entry.offset };
  }
  return { steps, cursor: at, standing: at.offset === page.head ? "head" : "more" };
}

/** Tells of the gap; returns where one stands behind it. */
function gapTo(steps: Step[], gap: Gap): Cursor {
  steps.push({ gap });
  return { epoch: gap.epoch, offset: gap.until };
}
