/** What is in the sidebar: the rooms, who is in this one, and who one is oneself. */
import { button, el } from "../../shared/page/dom.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";
import { hashOfRoom } from "./room-names.js";
import { unreadText, type Unread } from "./unread.js";

/** Somebody who is in the room. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** More than so many are counted, not listed. */
const MOST_LISTED = 50;

/** A room in the list. */
export interface RoomItem {
  readonly name: string;
  readonly unread: Unread;
  /** Whether it can be taken off the list. */
  readonly canLeave: boolean;
}

export function showRooms(
  list: HTMLElement,
  rooms: readonly RoomItem[],
  current: string,
  onLeave: (name: string) => void,
): void {
  // Drawn anew only when it looks different, so that nothing loses the focus.
  const looks = JSON.stringify([rooms, current]);
  if (list.dataset["looks"] === looks) return;
  list.dataset["looks"] = looks;
  list.replaceChildren(...rooms.map((room) => roomElement(room, current, onLeave)));
}

function roomElement(
  { name, unread, canLeave }: RoomItem,
  current: string,
  onLeave: (name: string) => void,
): HTMLElement {
  const isNew = unread.count > 0 && name !== current;
  const link = el(
    "a",
    {
      href: hashOfRoom(name),
      class: isNew ? "unread" : undefined,
      "aria-current": name === current ? "page" : undefined,
      "data-testid": `room-${name}`,
    },
    el("span", { class: "hash", "aria-hidden": "true" }, "#"),
    el("bdi", {}, name),
  );
  if (isNew) link.append(badge(unread));
  const item = el("li", {}, link);
  if (canLeave) {
    const leave = button({ class: "icon leave", "aria-label": `Leave ${name}`, title: "Leave" }, "", () =>
      onLeave(name),
    );
    leave.append(icon("close"));
    item.append(leave);
  }
  return item;
}

function badge(unread: Unread): HTMLElement {
  const text = unreadText(unread);
  const calls = unread.mentions > 0;
  return el(
    "span",
    { class: calls ? "badge calls" : "badge" },
    calls ? "@" : "",
    text,
    el("span", { class: "unseen" }, calls ? " unread, and you are mentioned" : " unread"),
  );
}

/** This user first, the others by name. */
export function showPeople(list: HTMLElement, people: readonly Person[], me: string): void {
  const sorted = [...people].sort(
    (a, b) => Number(b.id === me) - Number(a.id === me) || a.name.localeCompare(b.name),
  );
  const items = sorted
    .slice(0, MOST_LISTED)
    .map(({ id, name }) =>
      el(
        "li",
        {},
        avatar(name),
        el("bdi", {}, name),
        ...(id === me ? [el("span", { class: "quiet" }, "you")] : []),
      ),
    );
  const more = sorted.length - items.length;
  if (more > 0) items.push(el("li", { class: "quiet" }, `and ${more} more`));
  list.replaceChildren(...items);
}

export function showMe(target: HTMLElement, name: string): void {
  target.replaceChildren(avatar(name), el("bdi", {}, name), el("span", { class: "quiet" }, "Edit"));
}
