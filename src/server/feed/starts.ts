/** Where delivery starts for somebody who has no cursor, but wants some of what there is. */
import type { Page } from "../../broker/index.js";
import { MAX_OFFSET, type Clock, type Cursor } from "../../protocol/index.js";
import { PAGE_BYTES } from "../delivery/chunk.js";
import type { LogMemory } from "../kinds/kind.js";
import type { Start } from "./channel-feed.js";
import { epochOf } from "./judge.js";
import type { Log } from "./log.js";

/** What of a feed has to be asked. */
export interface StartsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: LogMemory;
  /** Where the live subscribers are. */
  readonly head: Cursor;
}

/** For the newest `count` messages; whether all of them are still there. */
export async function startOfLast({ clock, log, memory, head }: StartsDeps, count: number): Promise<Start> {
  if (count === 0) return { complete: true };
  const known = memory.startOfLast(count, clock.now());
  if (known !== undefined) return { cursor: { epoch: head.epoch, offset: known }, complete: true };
  let before = MAX_OFFSET;
  let left = count;
  for (;;) {
    const page = await log.read({ before, limit: left, bytes: 16 * PAGE_BYTES });
    const start = page.entries[0]?.prev ?? Math.min(before, page.oldestPrev);
    left -= page.entries.length;
    // Where nothing lies before, the log's own beginning: no entry has offset 0, so nothing is missing.
    if (left <= 0 || page.entries.length === 0 || start <= page.oldestPrev) {
      return { cursor: cursorAt(page, start), complete: left <= 0 || start === 0 };
    }
    before = page.entries[0]?.offset ?? 0;
  }
}

/** For everything from `offset` on; whether all of it is still there. */
export async function startFrom(feed: StartsDeps, offset: number): Promise<Start> {
  const page = await feed.log.read({ after: Math.max(0, offset - 1), limit: 1, bytes: 0 });
  const start = page.entries[0]?.prev ?? page.head;
  return {
    cursor: cursorAt(page, start),
    complete: page.oldestPrev < offset || page.oldestPrev === 0,
  };
}

function cursorAt(page: Page, offset: number): Cursor {
  return { epoch: epochOf(page, offset), offset };
}
