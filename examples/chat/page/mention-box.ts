/** The names that are offered while one writes "@": arrows choose, Enter or Tab takes, Escape goes on without. */
import { el } from "../../shared/page/dom.js";
import { avatar } from "./avatar.js";
import type { Mention } from "./content.js";
import { mentionAt, offered, type Beginning } from "./mentions.js";

export class MentionBox {
  readonly element: HTMLElement;
  readonly #input: HTMLTextAreaElement;
  readonly #people: () => readonly Mention[];
  readonly #onTaken: () => void;
  #offered: readonly Mention[] = [];
  #beginning: Beginning | undefined;
  #chosen = 0;

  constructor(input: HTMLTextAreaElement, people: () => readonly Mention[], onTaken: () => void) {
    this.#input = input;
    this.#people = people;
    this.#onTaken = onTaken;
    const id = `${input.id}-names`;
    this.element = el("ul", {
      class: "names",
      id,
      role: "listbox",
      "aria-label": "Names",
      "data-testid": "names",
      hidden: "",
    });
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", id);
    for (const event of ["input", "click"]) input.addEventListener(event, () => this.#look());
    input.addEventListener("blur", () => this.#show([]));
  }

  /** Whether this key was for the names, and not for the text. */
  takes(event: KeyboardEvent): boolean {
    const count = this.#offered.length;
    if (count === 0) return false;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen + count - 1) % count);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") this.#take(this.#chosen);
    else if (event.key === "Escape") this.#show([]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #look(): void {
    const { value, selectionStart, selectionEnd } = this.#input;
    this.#beginning = selectionStart === selectionEnd ? mentionAt(value, selectionStart) : undefined;
    this.#show(this.#beginning === undefined ? [] : offered(this.#people(), this.#beginning.letters));
  }

  #show(names: readonly Mention[]): void {
    this.#offered = names;
    this.element.hidden = names.length === 0;
    this.element.replaceChildren(
      ...names.map(({ name }, nth) => {
        const item = el("li", { id: this.#idOf(nth), role: "option" }, avatar(name), el("bdi", {}, name));
        // Before the box loses the focus, and with it the names.
        item.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          this.#take(nth);
        });
        return item;
      }),
    );
    if (names.length === 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#choose(0);
  }

  #choose(nth: number): void {
    this.#chosen = nth;
    for (const [index, item] of [...this.element.children].entries())
      item.setAttribute("aria-selected", String(index === nth));
    this.#input.setAttribute("aria-activedescendant", this.#idOf(nth));
  }

  #take(nth: number): void {
    const mention = this.#offered[nth];
    if (mention === undefined || this.#beginning === undefined) return;
    const { start, letters } = this.#beginning;
    this.#input.setRangeText(`@${mention.name} `, start, start + 1 + letters.length, "end");
    this.#show([]);
    this.#onTaken();
  }

  #idOf(nth: number): string {
    return `${this.element.id}-${nth}`;
  }
}
