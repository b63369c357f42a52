/** The scrolling list of messages: updates its rows in place and keeps the reader's place. */
import { keepOneReachable, MessageTools } from "./message-tools.js";
import { rowElement, type RowActions } from "./row-elements.js";
import type { MessageRow, Row } from "./rows.js";

/** So close to the end counts as being there, in pixels. */
const NEAR_END = 60;
/** So close to the top, older messages are asked for, in pixels. */
const NEAR_TOP = 500;

export interface MessageListOptions extends RowActions {
  /** The element that scrolls. */
  readonly scroller: HTMLElement;
  /** The element in it that holds the rows. */
  readonly list: HTMLElement;
  /** The reader came near the oldest message; may be called many times. */
  readonly onNearTop: () => void;
  /** The reader reached the end, or left it. */
  readonly onAtEnd: (atEnd: boolean) => void;
  /** The reader wants to do something with a message. */
  readonly openMenu: (row: MessageRow, near: Element) => void;
}

interface Shown {
  readonly row: Row;
  /** The row as text, to see quickly whether it changed. */
  readonly looks: string;
  readonly element: HTMLElement;
}

export class MessageList {
  readonly #options: MessageListOptions;
  readonly #shown = new Map<string, Shown>();
  readonly #tools: MessageTools;
  #atEnd = true;

  constructor(options: MessageListOptions) {
    this.#options = options;
    const { scroller, list } = options;
    const withOffset = (id: string, act: (offset: number) => void): void => {
      const offset = this.#rowOf(id)?.offset;
      if (offset !== undefined) act(offset);
    };
    this.#tools = new MessageTools(list, {
      isOpen: (id) => this.#rowOf(id)?.open === true,
      openMenu: (id, near) => {
        const row = this.#rowOf(id);
        if (row !== undefined) options.openMenu(row, near);
      },
      reply: (id) => withOffset(id, options.openThread),
      like: (id) => withOffset(id, (offset) => options.toggleReaction(offset, "👍")),
    });
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A phone's keyboard opens, the window changes: the newest message stays in sight.
    new ResizeObserver(() => {
      if (this.#atEnd) this.#jumpToEnd();
    }).observe(scroller);
  }

  /** Whether the reader is where new messages appear. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Shows exactly these rows, from top to bottom. */
  show(rows: readonly Row[]): void {
    const anchor = this.#atEnd ? undefined : this.#anchor();
    this.#removeOthers(rows);
    this.#place(rows);
    keepOneReachable(this.#options.list);
    if (anchor === undefined) this.#jumpToEnd();
    else this.#restore(anchor);
    this.#checkTop();
  }

  /** To the newest message, and stay there. */
  scrollToEnd(): void {
    this.#jumpToEnd();
    this.#setAtEnd(true);
  }

  /** Brings a message into sight; false if it is not here. */
  scrollTo(find: (row: MessageRow) => boolean): boolean {
    for (const { row, element } of this.#shown.values()) {
      if (row.kind !== "message" || !find(row)) continue;
      element.scrollIntoView({ block: "center" });
      return true;
    }
    return false;
  }

  /** Brings the line "New messages" into sight, if there is one above. */
  scrollToNew(): void {
    const line = this.#shown.get("new")?.element;
    if (line === undefined) return;
    const { scroller } = this.#options;
    const above = line.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    if (above < 0) scroller.scrollTop += above - 16;
  }

  #rowOf(id: string): MessageRow | undefined {
    const row = this.#shown.get(id)?.row;
    return row?.kind === "message" ? row : undefined;
  }

  #removeOthers(rows: readonly Row[]): void {
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, { element }] of this.#shown) {
      if (ids.has(id)) continue;
      element.remove();
      this.#shown.delete(id);
    }
  }

  #place(rows: readonly Row[]): void {
    const { list } = this.#options;
    let place = list.firstElementChild;
    for (const row of rows) {
      const looks = JSON.stringify(row);
      const before = this.#shown.get(row.id);
      if (place !== null && before?.element === place) place = place.nextElementSibling;
      if (before?.looks === looks) {
        const { element } = before;
        if (element.nextElementSibling !== place) list.insertBefore(element, place);
        continue;
      }
      const element = rowElement(row, this.#options);
      list.insertBefore(element, place);
      if (before !== undefined) this.#replace(before.element, element);
      this.#shown.set(row.id, { row, looks, element });
    }
  }

  /** A row is drawn anew: what had the focus in it has it again, and so on. */
  #replace(before: HTMLElement, element: HTMLElement): void {
    if (element.tagName === "ARTICLE") element.tabIndex = before.tabIndex;
    this.#tools.moveTo(before, element);
    const focused = document.activeElement;
    const had = focused !== null && before.contains(focused);
    const part = focused instanceof HTMLElement ? focused.dataset["focus"] : undefined;
    before.remove();
    if (!had) return;
    if (element.contains(focused) && focused instanceof HTMLElement) return focused.focus();
    const same = [...element.querySelectorAll<HTMLElement>("[data-focus]")].find(
      (each) => each.dataset["focus"] === part,
    );
    (same ?? element).focus({ preventScroll: true });
  }

  #jumpToEnd(): void {
    const { scroller } = this.#options;
    scroller.scrollTop = scroller.scrollHeight;
  }

  #scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#options.scroller;
    this.#setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END);
    this.#checkTop();
  }

  #setAtEnd(atEnd: boolean): void {
    if (this.#atEnd === atEnd) return;
    this.#atEnd = atEnd;
    this.#options.onAtEnd(atEnd);
  }

  /** Early enough for the reader not to notice, and only when the list is to be seen at all. */
  #checkTop(): void {
    const { scroller, onNearTop } = this.#options;
    if (scroller.clientHeight > 0 && scroller.scrollTop < NEAR_TOP) onNearTop();
  }

  /** Some message that is in sight, and where it is: it must not move when others come and go. */
  #anchor(): { id: string; top: number } | undefined {
    const view = this.#options.scroller.getBoundingClientRect();
    for (const [id, { row, element }] of this.#shown) {
      if (row.kind !== "message") continue;
      const box = element.getBoundingClientRect();
      if (box.bottom > view.top && box.top < view.bottom) return { id, top: box.top };
    }
    return undefined;
  }

  #restore({ id, top }: { id: string; top: number }): void {
    const element = this.#shown.get(id)?.element;
    if (element === undefined) return;
    this.#options.scroller.scrollTop += element.getBoundingClientRect().top - top;
  }
}
