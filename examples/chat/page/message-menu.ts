/** What can be done with a message: beside it on a wide screen, a sheet at the bottom of a small one. */
import { button, el } from "../../shared/page/dom.js";
import { icon } from "./icons.js";

/** Those that are offered; any other can come from elsewhere. */
const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "✅", "🔥", "👏", "🤔"] as const;

/** A message, as far as the menu has to know it. */
export interface MenuMessage {
  readonly offset: number;
  readonly text: string;
  readonly own: boolean;
  readonly canReply: boolean;
  /** Where it is on the screen. */
  readonly box: DOMRect;
}

export interface MenuActions {
  readonly react: (offset: number, emoji: string) => void;
  readonly reply: (offset: number) => void;
  readonly edit: (offset: number, text: string) => void;
  readonly remove: (offset: number) => void;
}

export class MessageMenu {
  readonly #dialog: HTMLDialogElement;
  readonly #actions: MenuActions;
  /** The message that had the focus when the menu was opened, and the list that it is in. */
  #focused: { readonly list: Element; readonly id: string } | undefined;

  constructor(dialog: HTMLDialogElement, actions: MenuActions) {
    this.#dialog = dialog;
    this.#actions = actions;
    // The finger whose long press opened the menu is lifted over it, and that is no click on anything in it. One
    // by the keyboard has a detail of 0.
    let pressed = false;
    dialog.addEventListener("pointerdown", () => {
      pressed = true;
    });
    dialog.addEventListener("close", () => {
      pressed = false;
      this.#giveFocusBack();
    });
    dialog.addEventListener(
      "click",
      (event) => {
        if (event.detail > 0 && !pressed) event.stopPropagation();
        // Beside the dialog's content there is only its backdrop.
        else if (event.target === dialog) dialog.close();
      },
      { capture: true },
    );
  }

  open(message: MenuMessage): void {
    const { offset, text, own, canReply } = message;
    const emoji = EMOJI.map((each) =>
      this.#item({ class: "emoji", "aria-label": `React with ${each}` }, each, () =>
        this.#actions.react(offset, each),
      ),
    );
    const items: HTMLElement[] = [el("div", { class: "emoji-row", "data-testid": "emoji" }, ...emoji)];
    const add = (name: string, label: string, act: () => void): void => {
      items.push(this.#item({ class: `item ${name}`, "data-testid": `menu-${name}` }, label, act));
    };
    if (canReply) add("reply", "Reply in thread", () => this.#actions.reply(offset));
    // Pages on plain http have no clipboard.
    if (text !== "" && "clipboard" in navigator)
      add("copy", "Copy text", () => void navigator.clipboard.writeText(text).catch(() => undefined));
    if (own && text !== "") add("edit", "Edit", () => this.#actions.edit(offset, text));
    if (own) items.push(this.#deleteItem(offset));
    const close = button({ class: "icon close-menu", "aria-label": "Close" }, "", () => this.#dialog.close());
    close.append(icon("close"));
    this.#dialog.replaceChildren(el("div", { class: "menu" }, ...items, close));
    const focused = document.activeElement?.closest<HTMLElement>("[data-id]");
    const list = focused?.parentElement;
    this.#focused = focused && list ? { list, id: focused.dataset["id"] ?? "" } : undefined;
    this.#dialog.showModal();
    this.#place(message.box);
  }

  /** A dialog gives the focus back by itself, but not to a message that was drawn anew meanwhile. */
  #giveFocusBack(): void {
    const at = document.activeElement;
    // What has the focus in a closed dialog keeps it until the page is drawn.
    const isLost = at === null || at === document.body || this.#dialog.contains(at);
    if (this.#focused === undefined || !isLost) return;
    const { list, id } = this.#focused;
    list.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
  }

  #item(attributes: Record<string, string>, label: string, act: () => void): HTMLButtonElement {
    return button(attributes, label, () => {
      // First, because what comes next may take the focus.
      this.#dialog.close();
      act();
    });
  }

  /** Asks once more: a deletion is for good. */
  #deleteItem(offset: number): HTMLElement {
    const ask = button({ class: "item delete", "data-testid": "menu-delete" }, "Delete", () => {
      const sure = this.#item(
        { class: "item delete", "data-testid": "menu-delete-sure" },
        "Delete for everybody",
        () => this.#actions.remove(offset),
      );
      ask.replaceWith(sure);
      sure.focus();
    });
    return ask;
  }

  /** Near the message, and wholly on the screen; the style sheet overrules it on small screens. */
  #place({ left, right, top, bottom }: DOMRect): void {
    const { width, height } = this.#dialog.getBoundingClientRect();
    const x = Math.min(Math.max(8, (left + right - width) / 2), innerWidth - width - 8);
    const below = bottom + 4;
    const y = below + height <= innerHeight - 8 ? below : Math.max(8, top - height - 4);
    this.#dialog.style.setProperty("--x", `${x}px`);
    this.#dialog.style.setProperty("--y", `${y}px`);
  }
}
