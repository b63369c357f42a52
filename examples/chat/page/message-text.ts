/** A message's text as nodes: links to follow, names that are called, and what a search has found. */
import { el } from "../../shared/page/dom.js";
import { splitLinks } from "./links.js";
import { splitMentions } from "./mentions.js";
import type { MessageRow } from "./rows.js";
import { splitFound } from "./search.js";

export function textNodes({
  text,
  mentions = [],
  find = [],
}: Pick<MessageRow, "text" | "mentions" | "find">): (Node | string)[] {
  const names = mentions.map(({ name }) => name);
  return splitLinks(text).flatMap(({ text: part, href }) => {
    if (href === undefined) return plainNodes(part, names, find);
    const link = { href, target: "_blank", rel: "noopener noreferrer nofollow" };
    return el("a", link, ...foundNodes(part, find));
  });
}

function plainNodes(text: string, names: readonly string[], find: readonly string[]): (Node | string)[] {
  return splitMentions(text, names).flatMap((part) =>
    part.calls
      ? el("span", { class: "mention" }, ...foundNodes(part.text, find))
      : foundNodes(part.text, find),
  );
}

function foundNodes(text: string, find: readonly string[]): (Node | string)[] {
  if (find.length === 0) return [text];
  return splitFound(text, find).map((part) => (part.found ? el("mark", {}, part.text) : part.text));
}
