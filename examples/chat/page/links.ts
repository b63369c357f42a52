/** Finds the links in a message, so that they can be made clickable without ever treating text as HTML. */

export interface TextPart {
  readonly text: string;
  /** Where it leads, if it is a link: always http or https. */
  readonly href?: string;
}

const CANDIDATE = /\bhttps?:\/\/[^\s<>"]+/giu;
const TRAILING = /[.,;:!?'*_~)\]}]$/u;
const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/**
 * Splits a text into plain parts and links. The parts' texts, put together, are the text again.
 *
 * @example splitLinks("see https://a.example.") // "see ", "https://a.example" with its href, "."
 */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let done = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = withoutTrailing(match[0]);
    const href = safeHref(shown);
    if (href === undefined) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index) });
    parts.push({ text: shown, href });
    done = match.index + shown.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** The end of a sentence is not the end of its link; a closing bracket is, where the link opened one. */
function withoutTrailing(url: string): string {
  let end = url;
  while (TRAILING.test(end)) {
    const last = end.slice(-1);
    const opening = OPENING[last];
    if (opening !== undefined && count(end, opening) >= count(end, last)) break;
    end = end.slice(0, -1);
  }
  return end;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function safeHref(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? href : undefined;
}
