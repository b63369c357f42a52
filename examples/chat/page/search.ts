/** Searching what is loaded. */
import { foldCase } from "./fold-case.js";
import { Threads } from "./threads.js";
import type { Timeline } from "./timeline.js";

export interface Hit {
  readonly offset: number;
  /** The message whose thread it is in, if it is shown there. */
  readonly thread: number | undefined;
}

/**
 * The messages whose text, or author's name, has all the words in it. Oldest first.
 *
 * @example searchIn(timeline, "tide high")
 */
export function searchIn(timeline: Timeline, query: string): Hit[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const threads = new Threads(timeline);
  return timeline.entries.flatMap((entry) => {
    if (entry.kind !== "message" || !timeline.canChange(entry.log)) return [];
    const { message, log } = entry;
    const { text, image, deleted } = timeline.amended(message, log);
    if (deleted) return [];
    const all = foldCase(`${text} ${image?.alt ?? ""} ${message.name}`);
    if (!words.every((word) => all.includes(word))) return [];
    return [{ offset: message.offset, thread: threads.isReply(entry) ? message.thread : undefined }];
  });
}

/** What is looked for, word by word. */
export function wordsOf(query: string): string[] {
  return foldCase(query)
    .split(/\s+/u)
    .filter((word) => word !== "");
}

/** Splits a text where the words are, so that they can be marked. The parts, put together, are the text again. */
export function splitFound(text: string, words: readonly string[]): { text: string; found: boolean }[] {
  const folded = foldCase(text);
  const marked = new Uint8Array(text.length);
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length))
      marked.fill(1, at, at + word.length);
  }
  const parts: { text: string; found: boolean }[] = [];
  let start = 0;
  for (let i = 1; i <= text.length; i++) {
    if (i < text.length && marked[i] === marked[start]) continue;
    parts.push({ text: text.slice(start, i), found: marked[start] === 1 });
    start = i;
  }
  return text === "" ? [] : parts;
}
