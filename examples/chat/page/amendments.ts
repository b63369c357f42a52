/**
 * What became of a message: the log is only ever added to, so edits, deletions and reactions are messages that name
 * the offset of an earlier one. Here they are put together. Plain data, no DOM and no network.
 */
import type { Content, Mention } from "./content.js";

export type Change =
  | { readonly edit: number; readonly text: string; readonly mentions?: readonly Mention[] | undefined }
  | { readonly delete: number }
  | { readonly react: number; readonly emoji: string; readonly on: boolean };

/** A change in the log. */
export interface Amendment {
  readonly offset: number;
  readonly time: number;
  readonly change: Change;
  readonly name: string;
  readonly from: string | undefined;
  readonly key: string | undefined;
}

/** Everybody who reacted with the same emoji. */
export interface Reaction {
  readonly emoji: string;
  /** Who did, the first one first. */
  readonly who: readonly Mention[];
}

/** A message with all that was done to it. */
export interface Amended extends Content {
  /** When its author last changed it. */
  readonly editedAt?: number;
  readonly deleted: boolean;
  readonly reactions: readonly Reaction[];
}

/** The offset of the message that a change is about. */
export function targetOf(change: Change): number {
  if ("edit" in change) return change.edit;
  return "delete" in change ? change.delete : change.react;
}

/**
 * A message as it is to be shown.
 *
 * - The order of the log decides: of two edits the later one, of two reactions of one person with one emoji too.
 * - A deletion is for good: nothing that comes after it counts.
 * - Only what its author changed is changed. The server refuses the rest already; a log from elsewhere may not have.
 *
 * @param author the message's `from`
 * @param amendments those about this message, in the order of the log
 */
export function amend(
  content: Content,
  author: string | undefined,
  amendments: readonly Pick<Amendment, "change" | "from" | "name" | "time">[],
): Amended {
  let { text, mentions } = content;
  let editedAt: number | undefined;
  const reactions = new Map<string, Map<string, string>>();
  for (const { change, from, name, time } of amendments) {
    // Who has no id has nothing of their own: nobody could tell them from others without one.
    if (from === undefined) continue;
    if ("react" in change) {
      react(reactions, change, { id: from, name });
    } else if (from === author && "delete" in change) {
      return { text: "", thread: content.thread, deleted: true, reactions: [] };
    } else if (from === author && "edit" in change) {
      ({ text, mentions } = change);
      editedAt = time;
    }
  }
  return {
    ...content,
    text,
    mentions,
    ...(editedAt !== undefined && { editedAt }),
    deleted: false,
    reactions: [...reactions].map(([emoji, who]) => ({
      emoji,
      who: [...who].map(([id, name]) => ({ id, name })),
    })),
  };
}

/** Whether this person's reaction with this emoji is on it. */
export function hasReacted({ reactions }: Pick<Amended, "reactions">, emoji: string, id: string): boolean {
  return reactions.some((each) => each.emoji === emoji && each.who.some((who) => who.id === id));
}

function react(
  reactions: Map<string, Map<string, string>>,
  { emoji, on }: { emoji: string; on: boolean },
  { id, name }: Mention,
): void {
  const who = reactions.get(emoji) ?? new Map<string, string>();
  if (!on) who.delete(id);
  else if (!who.has(id)) who.set(id, name);
  if (who.size === 0) reactions.delete(emoji);
  else reactions.set(emoji, who);
}

/**
 * The amendments of a log, by the message they are about. One may be here before its message: that is fetched later,
 * when somebody scrolls back, and finds it. One whose message is gone from the log is never looked at.
 */
export class Amendments {
  readonly #byTarget = new Map<number, Amendment[]>();

  /** In any order; each of them once. */
  add(amendment: Amendment): void {
    const target = targetOf(amendment.change);
    // What is said of the future, or of itself, was not said of the message that gets that offset.
    if (target >= amendment.offset) return;
    const list = this.#byTarget.get(target) ?? [];
    let place = list.length;
    while (place > 0 && (list[place - 1]?.offset ?? 0) > amendment.offset) place--;
    list.splice(place, 0, amendment);
    this.#byTarget.set(target, list);
  }

  /** Those about a message, in the order of the log. */
  about(offset: number): readonly Amendment[] {
    return this.#byTarget.get(offset) ?? [];
  }

  /** Lets go of those that are not kept. */
  keep(which: (amendment: Amendment) => boolean): void {
    for (const [target, list] of this.#byTarget) {
      const kept = list.filter(which);
      if (kept.length === 0) this.#byTarget.delete(target);
      else this.#byTarget.set(target, kept);
    }
  }
}
