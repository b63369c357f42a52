/**
 * The ways to what can be done with a message: a bar that appears where one points, a long press on a touch screen,
 * and keys. Arrows go from message to message, Enter opens the menu.
 */
import { button, el } from "../../shared/page/dom.js";
import { icon, type IconName } from "./icons.js";

/** How long a finger rests on a message until its menu opens, in milliseconds. */
const LONG_PRESS_MS = 450;
/** A finger is never quite still; further than this it scrolls, in pixels. */
const STILL = 10;

export interface ToolActions {
  /** Whether something can be done with the message of this row. */
  readonly isOpen: (id: string) => boolean;
  readonly openMenu: (id: string, near: Element) => void;
  readonly reply: (id: string) => void;
  readonly like: (id: string) => void;
}

export class MessageTools {
  readonly #list: HTMLElement;
  readonly #actions: ToolActions;
  readonly #bar: HTMLElement;
  #moving = false;

  constructor(list: HTMLElement, actions: ToolActions) {
    this.#list = list;
    this.#actions = actions;
    const tool = (name: IconName, label: string, act: (id: string) => void): HTMLButtonElement => {
      const made = button(
        { class: "tool", "aria-label": label, title: label, "data-testid": `tool-${name}` },
        "",
        () => {
          const id = idOf(this.#bar.parentElement);
          if (id !== undefined) act(id);
        },
      );
      made.append(icon(name));
      return made;
    };
    const like = button(
      { class: "tool emoji", "aria-label": "React with 👍", title: "React with 👍" },
      "👍",
      () => {
        const id = idOf(this.#bar.parentElement);
        if (id !== undefined) actions.like(id);
      },
    );
    this.#bar = el(
      "div",
      { class: "tools", role: "group", "aria-label": "What to do with this message" },
      like,
      tool("reply", "Reply in thread", actions.reply),
      tool("more", "More", (id) => actions.openMenu(id, this.#bar)),
    );
    list.addEventListener("pointerover", ({ target, pointerType }) => {
      if (pointerType !== "touch") this.#showAt(messageOf(target));
    });
    for (const event of ["pointerleave", "focusout"] as const) {
      list.addEventListener(event, ({ relatedTarget }) => {
        const stays = relatedTarget instanceof Node && list.contains(relatedTarget);
        if (!this.#moving && !stays && !this.#bar.contains(document.activeElement)) this.#bar.remove();
      });
    }
    list.addEventListener("focusin", ({ target }) => this.#showAt(messageOf(target)));
    list.addEventListener("keydown", (event) => this.#key(event));
    this.#listenToTouch();
  }

  /** Whether this element is shown in a message, and goes with it when that is drawn anew. */
  moveTo(from: Element, to: HTMLElement): void {
    if (this.#bar.parentElement === from) this.#put(to);
  }

  /** What has the focus loses it when it is moved: that is no reason for the bar to go. */
  #put(message: HTMLElement): void {
    this.#moving = true;
    message.append(this.#bar);
    this.#moving = false;
  }

  #showAt(message: HTMLElement | undefined): void {
    const id = idOf(message);
    if (message === undefined || id === undefined || this.#bar.parentElement === message) return;
    if (this.#actions.isOpen(id)) this.#put(message);
    else this.#bar.remove();
  }

  #key(event: KeyboardEvent): void {
    const message = messageOf(event.target);
    if (message === undefined || event.target !== message || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const id = idOf(message);
    if (event.key === "Enter" && id !== undefined && this.#actions.isOpen(id))
      this.#actions.openMenu(id, message);
    else if (event.key === "ArrowUp") this.#focus(neighbour(message, -1));
    else if (event.key === "ArrowDown") this.#focus(neighbour(message, 1));
    else if (event.key === "Home") this.#focus(messagesIn(this.#list)[0]);
    else if (event.key === "End") this.#focus(messagesIn(this.#list).at(-1));
    else return;
    event.preventDefault();
  }

  #focus(message: HTMLElement | undefined): void {
    if (message === undefined) return;
    for (const each of messagesIn(this.#list)) each.tabIndex = each === message ? 0 : -1;
    message.focus();
    message.scrollIntoView({ block: "nearest" });
  }

  #listenToTouch(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let start = { x: 0, y: 0 };
    const stop = (): void => clearTimeout(timer);
    this.#list.addEventListener(
      "pointerdown",
      ({ target, pointerType, clientX, clientY }) => {
        stop();
        start = { x: clientX, y: clientY };
        const message = messageOf(target);
        const id = idOf(message);
        if (pointerType !== "touch" || message === undefined || id === undefined) return;
        if (!this.#actions.isOpen(id)) return;
        timer = setTimeout(() => this.#actions.openMenu(id, message), LONG_PRESS_MS);
      },
      { passive: true },
    );
    this.#list.addEventListener(
      "pointermove",
      ({ clientX, clientY }) => {
        if (Math.hypot(clientX - start.x, clientY - start.y) > STILL) stop();
      },
      { passive: true },
    );
    for (const event of ["pointerup", "pointercancel", "pointerleave"] as const)
      this.#list.addEventListener(event, stop, { passive: true });
    // The system's own menu would come at the same moment.
    this.#list.addEventListener("contextmenu", (event) => {
      if (event.pointerType === "touch") event.preventDefault();
    });
  }
}

/** Keeps one message in the order of the Tab key: the one that has the focus, or else the last. */
export function keepOneReachable(list: HTMLElement): void {
  const messages = messagesIn(list);
  const focused = messages.find((each) => each.contains(document.activeElement)) ?? messages.at(-1);
  for (const each of messages) each.tabIndex = each === focused ? 0 : -1;
}

function messagesIn(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(":scope > article")];
}

function messageOf(target: EventTarget | null): HTMLElement | undefined {
  return target instanceof Element
    ? (target.closest<HTMLElement>("article.message") ?? undefined)
    : undefined;
}

function idOf(message: HTMLElement | null | undefined): string | undefined {
  return message?.dataset["id"];
}

function neighbour(message: HTMLElement, step: 1 | -1): HTMLElement | undefined {
  let each: Element | null = message;
  do {
    each = step > 0 ? each.nextElementSibling : each.previousElementSibling;
  } while (each !== null && each.tagName !== "ARTICLE");
  return each instanceof HTMLElement ? each : undefined;
}
