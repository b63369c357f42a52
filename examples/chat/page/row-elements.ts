/** One row of the message list as an element. */
import { button, el } from "../../shared/page/dom.js";
import { avatar } from "./avatar.js";
import { clockTime, fullTime } from "./dates.js";
import { imageElement, type AddressOf } from "./image-element.js";
import { textNodes } from "./message-text.js";
import type { MessageRow, ReactionRow, Row, StartState } from "./rows.js";

/** What can be done in a row. */
export interface RowActions {
  readonly retry: (key: string) => void;
  readonly discard: (key: string) => void;
  readonly loadOlder: () => void;
  readonly toggleReaction: (offset: number, emoji: string) => void;
  readonly openThread: (offset: number) => void;
  readonly addressOf: AddressOf;
}

export function rowElement(row: Row, actions: RowActions): HTMLElement {
  switch (row.kind) {
    case "start":
      return startElement(row.state, actions);
    case "day":
      return el("h2", { class: "day" }, el("span", {}, row.label));
    case "new":
      return el("p", { class: "new-line", "data-testid": "new-line" }, el("span", {}, "New messages"));
    case "gap":
      return el("p", { class: "gap", "data-testid": "gap" }, el("span", {}, row.text));
    case "message":
      return messageElement(row, actions);
  }
}

function startElement(state: StartState | "empty", actions: RowActions): HTMLElement {
  const start = el("div", { class: "start", "data-testid": "start", "data-state": state });
  switch (state) {
    case "more":
    case "loading":
      start.append("Looking for older messages…");
      break;
    case "empty":
      start.append(
        el("strong", {}, "Nothing has been said here yet"),
        el("span", {}, "Be the first: whatever you write stays for those who come later."),
      );
      break;
    case "beginning":
      start.append("This is where it all began");
      break;
    case "trimmed":
      start.append("Messages before this are no longer kept");
      break;
    case "failed":
      start.append(
        "Older messages did not come. ",
        button({ class: "link" }, "Try again", actions.loadOlder),
      );
      break;
  }
  return start;
}

function messageElement(row: MessageRow, actions: RowActions): HTMLElement {
  const message = el(
    "article",
    {
      class: classesOf(row),
      tabindex: "-1",
      "data-testid": "message",
      "data-state": row.state,
      "data-offset": row.offset === undefined ? undefined : String(row.offset),
      "data-id": row.id,
    },
    headerElement(row),
  );
  if (row.astray) message.append(el("p", { class: "astray quiet" }, "A reply to an earlier message"));
  if (row.image !== undefined && row.from !== undefined)
    message.append(imageElement(row.image, row.from, actions.addressOf));
  if (row.deleted) message.append(el("p", { class: "text gone" }, "This message was deleted"));
  else if (row.text !== "")
    message.append(el("p", { class: "text", dir: "auto", title: fullTime(row.time) }, ...textNodes(row)));
  if (!row.own && row.first) message.prepend(avatar(row.name));
  for (const more of [
    reactionsElement(row, actions),
    threadElement(row, actions),
    stateElement(row, actions),
  ])
    if (more !== undefined) message.append(more);
  return message;
}

function classesOf(row: MessageRow): string {
  const classes = ["message", row.own ? "own" : "other", row.first ? "first" : "more"];
  if (row.editedAt !== undefined) classes.push("was-edited");
  if (row.callsMe) classes.push("calls-me");
  if (row.current) classes.push("current");
  return classes.join(" ");
}

function headerElement({ own, name, time, editedAt }: MessageRow): HTMLElement {
  const header = el(
    "header",
    {},
    el("bdi", { class: own ? "name unseen" : "name" }, own ? "You" : name),
    " ",
    el("time", { datetime: new Date(time).toISOString() }, clockTime(time)),
  );
  if (editedAt !== undefined)
    header.append(" ", el("span", { class: "edited", title: `Edited ${fullTime(editedAt)}` }, "edited"));
  return header;
}

function reactionsElement(
  { offset, open, reactions }: MessageRow,
  actions: RowActions,
): HTMLElement | undefined {
  if (reactions.length === 0 || offset === undefined) return undefined;
  return el(
    "div",
    { class: "reactions", "data-testid": "reactions" },
    ...reactions.map((each) => {
      const chip = button(reactionAttributes(each), "", () => actions.toggleReaction(offset, each.emoji));
      const count = String(each.names.length);
      chip.append(el("span", { class: "chip" }, el("span", { class: "emoji" }, each.emoji), count));
      chip.disabled = !open;
      return chip;
    }),
  );
}

function reactionAttributes({ emoji, names, own }: ReactionRow): Record<string, string> {
  const who = names.join(", ");
  return {
    class: "reaction",
    "data-focus": `reaction ${emoji}`,
    "aria-pressed": String(own),
    "aria-label": `${emoji} ${names.length}: ${who}`,
    title: who,
  };
}

function threadElement({ offset, thread }: MessageRow, actions: RowActions): HTMLElement | undefined {
  if (thread === undefined || offset === undefined) return undefined;
  const { replies, last } = thread;
  const label = replies === 1 ? "1 reply" : `${replies} replies`;
  const opener = button(
    { class: "thread-link", "data-testid": "thread-link", "data-focus": "thread" },
    label,
    () => actions.openThread(offset),
  );
  opener.append(el("span", { class: "quiet" }, `last ${clockTime(last)}`));
  return opener;
}

/** Below a message: how far one's own has come, or what became of a change to it. */
function stateElement(row: MessageRow, actions: RowActions): HTMLElement | undefined {
  if (row.change !== undefined) {
    const { key, problem } = row.change;
    return problem === undefined ? quietState("saving…") : failedState(key, problem, actions);
  }
  if (row.state === "failed" && row.key !== undefined)
    return failedState(row.key, row.problem ?? "Not sent.", actions);
  if (row.state === "sending") return quietState("sending…");
  return row.seen === undefined ? undefined : quietState(row.seen);
}

function quietState(text: string): HTMLElement {
  return el("footer", { class: "state", "data-testid": "state" }, text);
}

function failedState(key: string, problem: string, actions: RowActions): HTMLElement {
  return el(
    "footer",
    { class: "state failed", role: "alert" },
    `${problem} `,
    button({ class: "link", "data-testid": "retry", "data-focus": "retry" }, "Retry", () =>
      actions.retry(key),
    ),
    " · ",
    button({ class: "link", "data-testid": "discard", "data-focus": "discard" }, "Discard", () =>
      actions.discard(key),
    ),
  );
}
