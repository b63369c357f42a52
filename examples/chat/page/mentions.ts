/** Calling somebody by name: `@Ann Lee` in a text, and the id of the Ann that is meant beside it. */
import type { Mention } from "./content.js";

/** More than so many are not offered at once. */
const MOST_OFFERED = 6;
/** As many as the server takes. */
const MOST_CALLED = 20;

/** What is being written of a name: where its "@" is, and the letters after that. */
export interface Beginning {
  readonly start: number;
  readonly letters: string;
}

/**
 * The name that is being written before the caret; undefined when none is.
 *
 * @example mentionAt("hi @an", 6) // { start: 3, letters: "an" }
 */
export function mentionAt(text: string, caret: number): Beginning | undefined {
  const found = /(?:^|\s)@([^\s@]{0,40})$/u.exec(text.slice(0, caret));
  if (found === null) return undefined;
  const letters = found[1] ?? "";
  return { start: caret - letters.length - 1, letters };
}

/** Those whose name, or a word in it, begins so; nobody when the name is written out and can be no other. */
export function offered(people: readonly Mention[], letters: string): Mention[] {
  const wanted = letters.toLocaleLowerCase();
  const found = people
    .filter(({ name }) => {
      const lower = name.toLocaleLowerCase();
      return lower.startsWith(wanted) || lower.split(/\s+/u).some((word) => word.startsWith(wanted));
    })
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, MOST_OFFERED);
  return found.every(({ name }) => name.toLocaleLowerCase() === wanted) ? [] : found;
}

/** Those of these people whom a text calls. */
export function mentionsIn(text: string, people: readonly Mention[]): Mention[] {
  return people
    .filter(({ name }) => splitMentions(text, [name]).some(({ calls }) => calls))
    .map(({ id, name }) => ({ id, name }))
    .slice(0, MOST_CALLED);
}

export function callsTo(mentions: readonly Mention[] | undefined, id: string): boolean {
  return mentions?.some((mention) => mention.id === id) === true;
}

/**
 * Splits a text into what calls one of these names and what does not. The parts, put together, are the text again.
 *
 * @example splitMentions("hi @Ann!", ["Ann"]) // "hi ", "@Ann", "!"
 */
export function splitMentions(text: string, names: readonly string[]): { text: string; calls: boolean }[] {
  // The longest first: @Ann Lee is not Ann.
  const sorted = [...names].sort((a, b) => b.length - a.length).map((name) => escaped(name));
  if (sorted.length === 0) return [{ text, calls: false }];
  const parts = text.split(
    new RegExp(`(?<![\\p{L}\\p{N}])(@(?:${sorted.join("|")}))(?![\\p{L}\\p{N}])`, "u"),
  );
  return parts.map((part, nth) => ({ text: part, calls: nth % 2 === 1 })).filter((part) => part.text !== "");
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
}
