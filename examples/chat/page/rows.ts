/** What the message list shows, line by line: the timeline with days, groups and the states of one's own. */
import { hasReacted, type Amended } from "./amendments.js";
import type { ImageInfo, Mention } from "./content.js";
import { dayLabel, sameDay } from "./dates.js";
import { gapText } from "./gaps.js";
import { callsTo } from "./mentions.js";
import { seenText, type Reader } from "./receipts.js";
import { Threads, type ThreadInfo } from "./threads.js";
import type { Before, Entry, Pending, PendingChange, Timeline } from "./timeline.js";

/** `id` is the same for the same thing at any time, so that a list can be updated in place. */
export type Row =
  | { readonly kind: "start"; readonly id: string; readonly state: StartState | "empty" }
  | { readonly kind: "day"; readonly id: string; readonly label: string }
  | { readonly kind: "new"; readonly id: string }
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
  /** The author's id. */
  readonly from: string | undefined;
  readonly text: string;
  readonly own: boolean;
  /** The first of several by one person, close together: it shows name and time. */
  readonly first: boolean;
  readonly state: "sent" | "sending" | "failed";
  readonly problem?: string | undefined;
  readonly image?: ImageInfo | undefined;
  readonly mentions?: readonly Mention[] | undefined;
  /** Whether it calls this user. */
  readonly callsMe: boolean;
  readonly deleted: boolean;
  readonly editedAt?: number | undefined;
  readonly reactions: readonly ReactionRow[];
  /** Whether something can be done with it: it is in the log, and not deleted. */
  readonly open: boolean;
  /** What this user changed of it, as long as the log does not say so. */
  readonly change?: { readonly key: string; readonly problem: string | undefined } | undefined;
  /** The thread that it began. */
  readonly thread?: ThreadInfo | undefined;
  /** A reply that stands here because what it replies to is not here. */
  readonly astray: boolean;
  /** Whom it has reached, on the last of one's own that reached somebody. */
  readonly seen?: string | undefined;
  /** The words of it to mark. */
  readonly find?: readonly string[] | undefined;
  /** What a search has come to. */
  readonly current: boolean;
}

export interface ReactionRow {
  readonly emoji: string;
  readonly names: readonly string[];
  readonly own: boolean;
}

/** What is above the first message; `loading` and `failed` are about fetching more. */
export type StartState = Before | "loading" | "failed";

/** How to look at a timeline. */
export interface View {
  /** The line "New messages" is above the first one of somebody else's after this offset. */
  readonly newAfter?: number | undefined;
  readonly readers?: readonly Reader[] | undefined;
  /** What is searched for, and the offset that the search has come to. */
  readonly find?: { readonly words: readonly string[]; readonly at: number | undefined } | undefined;
  /** Shows a thread, and not the list: the offset of the message that it began with. */
  readonly thread?: number | undefined;
}

/** Messages of one person that are closer together than this belong together, in milliseconds. */
const GROUP_MS = 5 * 60 * 1000;

/** The author of all that is one's own, whatever one was called at the time. */
const OWN = "own";
/** The author of a gap or a line: nothing goes on behind it. */
const NOBODY = "nobody";

/**
 * The rows from top to bottom.
 *
 * @param me this user's name, shown on what is not in the log yet
 */
export function rowsOf(
  timeline: Timeline,
  start: StartState,
  me: string,
  now: number,
  view: View = {},
): Row[] {
  const threads = new Threads(timeline);
  const inView = shownIn(timeline, threads, view.thread);
  const empty = timeline.entries.length === 0 && timeline.pending.length === 0;
  const state = empty && start === "beginning" ? "empty" : start;
  const rows: Row[] = view.thread === undefined ? [{ kind: "start", id: "start", state }] : [];
  let last: { time: number; author: string } | undefined;
  let newAfter = view.newAfter;

  const add = (row: Omit<MessageRow, "kind" | "first">, author: string): void => {
    const newDay = last === undefined || !sameDay(last.time, row.time);
    if (newDay) rows.push({ kind: "day", id: `day ${row.id}`, label: dayLabel(row.time, now) });
    const isNew = newAfter !== undefined && !row.own && (row.offset ?? 0) > newAfter;
    if (isNew) {
      rows.push({ kind: "new", id: "new" });
      newAfter = undefined;
    }
    const first = newDay || isNew || last?.author !== author || row.time - last.time > GROUP_MS;
    rows.push({ kind: "message", ...row, first });
    last = { time: row.time, author };
  };

  const looks = { timeline, threads, view };
  for (const entry of timeline.entries) {
    if (!inView(entry)) continue;
    if (entry.kind === "gap") {
      rows.push({ kind: "gap", id: `gap ${entry.era}`, text: gapText(entry.reason) });
      if (last !== undefined) last = { ...last, author: NOBODY };
      continue;
    }
    const { from, name } = entry.message;
    add(sentRow(entry, looks), timeline.isOwn(entry.message) ? OWN : `by ${from ?? ""} ${name}`);
  }
  for (const pending of timeline.pending) {
    const root = pending.thread;
    const here = root !== undefined && threads.hasRoot(timeline.log, root) ? root : undefined;
    if (here === view.thread) add(pendingRow(pending, me, timeline), OWN);
  }
  return view.readers === undefined ? rows : withSeen(rows, view.readers);
}

interface Looks {
  readonly timeline: Timeline;
  readonly threads: Threads;
  readonly view: View;
}

/** Whether an entry is in the list, or in this thread. */
function shownIn(
  timeline: Timeline,
  threads: Threads,
  thread: number | undefined,
): (entry: Entry) => boolean {
  if (thread === undefined) return (entry) => entry.kind === "gap" || !threads.isReply(entry);
  return (entry) => {
    if (entry.kind === "gap" || entry.log !== timeline.log) return false;
    return entry.message.offset === thread || entry.message.thread === thread;
  };
}

function sentRow(
  { message, era, log }: Extract<Entry, { kind: "message" }>,
  { timeline, threads, view }: Looks,
): Omit<MessageRow, "kind" | "first"> {
  const { offset, key, time, name, from } = message;
  const own = timeline.isOwn(message);
  const amended = timeline.amended(message, log);
  const { text, image, mentions, deleted, editedAt } = amended;
  const open = !deleted && timeline.canChange(log);
  return {
    // One's own keep the name they had while they were on their way, so that nothing flashes.
    id: own && key !== undefined ? `own ${key}` : `at ${era} ${offset}`,
    offset,
    key,
    time,
    name,
    from,
    text,
    own,
    state: "sent",
    image,
    mentions,
    callsMe: callsTo(mentions, timeline.me),
    deleted,
    editedAt,
    reactions: reactionRows(amended, timeline.me),
    open,
    change: open || deleted ? changeOf(timeline.changesOf(offset)) : undefined,
    thread: view.thread === undefined && message.thread === undefined ? threads.of(log, offset) : undefined,
    astray: view.thread === undefined && message.thread !== undefined,
    find: view.find?.words,
    current: view.find?.at === offset,
  };
}

function pendingRow(pending: Pending, me: string, timeline: Timeline): Omit<MessageRow, "kind" | "first"> {
  const { key, text, time, state, problem, image, mentions } = pending;
  return {
    id: `own ${key}`,
    offset: undefined,
    key,
    time,
    name: me,
    from: timeline.me,
    text,
    own: true,
    state: state === "stored" ? "sent" : state,
    ...(problem === undefined ? {} : { problem }),
    image,
    mentions,
    callsMe: false,
    deleted: false,
    reactions: [],
    open: false,
    astray: false,
    current: false,
  };
}

function reactionRows(amended: Amended, me: string): ReactionRow[] {
  return amended.reactions.map(({ emoji, who }) => ({
    emoji,
    names: who.map(({ id, name }) => (id === me ? "You" : name)),
    own: hasReacted(amended, emoji, me),
  }));
}

/** What to say of changes on their way: the one that failed, if there is one. */
function changeOf(changes: readonly PendingChange[]): MessageRow["change"] {
  const change =
    changes.find(({ state }) => state === "failed") ?? changes.find(({ state }) => state === "sending");
  return change === undefined ? undefined : { key: change.key, problem: change.problem };
}

/** Says below the last of one's own that somebody has read who that is; below the last of all that it is sent. */
function withSeen(rows: readonly Row[], readers: readonly Reader[]): Row[] {
  const own = rows.filter(
    (row) => row.kind === "message" && row.own && row.offset !== undefined && !row.deleted,
  );
  const seenBy = (row: Row): string[] =>
    readers
      .filter(({ upTo }) => row.kind === "message" && row.offset !== undefined && row.offset <= upTo)
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b));
  const seen = own.findLast((row) => seenBy(row).length > 0);
  const last = own.at(-1);
  return rows.map((row) => (row === seen || row === last ? { ...row, seen: seenText(seenBy(row)) } : row));
}
