/** What the message list shows, line by line: the timeline with days, groups and the states of one's own. */
import { dayLabel, sameDay } from "./dates.js";
import { gapText } from "./gaps.js";
import type { Before, Timeline } from "./timeline.js";

/** `id` is the same for the same thing at any time, so that a list can be updated in place. */
export type Row =
  | { readonly kind: "start"; readonly id: string; readonly state: StartState | "empty" }
  | { readonly kind: "day"; readonly id: string; readonly label: string }
  | { readonly kind: "gap"; readonly id: string; readonly text: string }
  | MessageRow;

export interface MessageRow {
  readonly kind: "message";
  readonly id: string;
  /** Undefined until it is in the log. */
  readonly offset: number | undefined;
  readonly key: string | undefined;
  readonly time: number;
  readonly name: string;
  readonly text: string;
  readonly own: boolean;
  /** The first of several by one person, close together: it shows name and time. */
  readonly first: boolean;
  readonly state: "sent" | "sending" | "failed";
  readonly problem?: string;
}

/** What is above the first message; `loading` and `failed` are about fetching more. */
export type StartState = Before | "loading" | "failed";

/** Messages of one person that are closer together than this belong together, in milliseconds. */
const GROUP_MS = 5 * 60 * 1000;

/** The author of all that is one's own, whatever one was called at the time. */
const OWN = "own";
/** The author of a gap: nothing goes on behind it. */
const NOBODY = "nobody";

/**
 * The rows from top to bottom.
 *
 * @param me this user's name, shown on what is not in the log yet
 */
export function rowsOf(timeline: Timeline, start: StartState, me: string, now: number): Row[] {
  const empty = timeline.entries.length === 0 && timeline.pending.length === 0;
  const state = empty && start === "beginning" ? "empty" : start;
  const rows: Row[] = [{ kind: "start", id: "start", state }];
  let last: { time: number; author: string } | undefined;

  const add = (row: Omit<MessageRow, "kind" | "first">, author: string): void => {
    const newDay = last === undefined || !sameDay(last.time, row.time);
    if (newDay) rows.push({ kind: "day", id: `day ${row.id}`, label: dayLabel(row.time, now) });
    const first = newDay || last?.author !== author || row.time - last.time > GROUP_MS;
    rows.push({ kind: "message", ...row, first });
    last = { time: row.time, author };
  };

  for (const entry of timeline.entries) {
    if (entry.kind === "gap") {
      rows.push({ kind: "gap", id: `gap ${entry.era}`, text: gapText(entry.reason) });
      if (last !== undefined) last = { ...last, author: NOBODY };
      continue;
    }
    const { offset, key, time, name, text, from } = entry.message;
    const own = timeline.isOwn(entry.message);
    // One's own keep the name they had while they were on their way, so that nothing flashes.
    const id = own && key !== undefined ? `own ${key}` : `at ${entry.era} ${offset}`;
    add({ id, offset, key, time, name, text, own, state: "sent" }, own ? OWN : `by ${from ?? ""} ${name}`);
  }
  for (const { key, text, time, state: sent, problem } of timeline.pending) {
    const row = { id: `own ${key}`, offset: undefined, key, time, name: me, text, own: true };
    add(
      {
        ...row,
        state: sent === "stored" ? "sent" : sent,
        ...(problem === undefined ? {} : { problem }),
      },
      OWN,
    );
  }
  return rows;
}
