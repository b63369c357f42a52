/** One row of the message list as an element. */
import { button, el } from "../../shared/page/dom.js";
import { avatar } from "./avatar.js";
import { clockTime, fullTime } from "./dates.js";
import { splitLinks } from "./links.js";
import type { MessageRow, Row, StartState } from "./rows.js";

/** What can be done in a row. */
export interface RowActions {
  readonly retry: (key: string) => void;
  readonly discard: (key: string) => void;
  readonly loadOlder: () => void;
}

export function rowElement(row: Row, actions: RowActions): HTMLElement {
  switch (row.kind) {
    case "start":
      return startElement(row.state, actions);
    case "day":
      return el("h2", { class: "day" }, el("span", {}, row.label));
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
      start.append("Nothing has been said here yet");
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
  const time = el("time", { datetime: new Date(row.time).toISOString() }, clockTime(row.time));
  const name = el("bdi", { class: row.own ? "name unseen" : "name" }, row.own ? "You" : row.name);
  const text = el("p", { class: "text", dir: "auto", title: fullTime(row.time) }, ...textNodes(row.text));
  const message = el(
    "article",
    {
      class: `message ${row.own ? "own" : "other"} ${row.first ? "first" : "more"}`,
      "data-testid": "message",
      "data-state": row.state,
      "data-offset": row.offset === undefined ? undefined : String(row.offset),
    },
    el("header", {}, name, " ", time),
    text,
  );
  if (!row.own && row.first) message.prepend(avatar(row.name));
  const state = stateElement(row, actions);
  if (state !== undefined) message.append(state);
  return message;
}

/** Below one's own message, as long as it is not in the log. */
function stateElement(row: MessageRow, actions: RowActions): HTMLElement | undefined {
  const { key } = row;
  if (row.state === "sent" || key === undefined) return undefined;
  if (row.state === "sending") return el("footer", { class: "state" }, "sending…");
  return el(
    "footer",
    { class: "state failed", role: "alert" },
    `${row.problem ?? "Not sent."} `,
    button({ class: "link", "data-testid": "retry" }, "Retry", () => actions.retry(key)),
    " · ",
    button({ class: "link", "data-testid": "discard" }, "Discard", () => actions.discard(key)),
  );
}

function textNodes(text: string): (Node | string)[] {
  return splitLinks(text).map((part) =>
    part.href === undefined
      ? part.text
      : el("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow" }, part.text),
  );
}
