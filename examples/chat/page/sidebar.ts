/** What is in the sidebar: the rooms, who is in this one, and who one is oneself. */
import { el } from "../../shared/page/dom.js";
import { avatar } from "./avatar.js";
import { hashOfRoom } from "./room-names.js";

/** Somebody who is in the room. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** More than so many are counted, not listed. */
const MOST_LISTED = 50;

export function showRooms(list: HTMLElement, rooms: readonly string[], current: string): void {
  const items = rooms.map((room) =>
    el(
      "li",
      {},
      el(
        "a",
        { href: hashOfRoom(room), "aria-current": room === current ? "page" : undefined },
        el("span", { class: "hash", "aria-hidden": "true" }, "#"),
        el("bdi", {}, room),
      ),
    ),
  );
  list.replaceChildren(...items);
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
