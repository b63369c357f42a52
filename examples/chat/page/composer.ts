/** Where one writes: Enter sends, Shift+Enter begins a new line. The room has one, and an open thread another. */
import { button, el } from "../../shared/page/dom.js";
import { MAX_TEXT } from "../limits.js";
import { Attachment, type Prepared } from "./attachment.js";
import { icon } from "./icons.js";
import { MentionBox } from "./mention-box.js";
import type { Mention } from "./content.js";
import { TYPING_EVERY_MS } from "./typists.js";

/** From here on it shows how many are left. */
const SHOW_LEFT = 200;

/** What is written, and what is attached to it. */
export interface Draft {
  readonly text: string;
  readonly image: Prepared | undefined;
}

export interface ComposerOptions {
  /** The element to fill. */
  readonly form: HTMLFormElement;
  /** Stands before the names of its parts, so that those of several composers differ. */
  readonly prefix: string;
  readonly onSend: (draft: Draft) => void;
  /** An edit is done; an empty text is none. */
  readonly onEdited: (offset: number, text: string) => void;
  /** The user is typing (again after a while), or no longer. */
  readonly onTyping: (on: boolean) => void;
  /** Those who can be called. */
  readonly people: () => readonly Mention[];
  /** The arrow up in an empty box: the user wants to edit what they wrote last. */
  readonly onEditLast: () => void;
}

export class Composer {
  readonly #options: ComposerOptions;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #left: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #attachment: Attachment;
  /** What is being edited, and what was written before. */
  #editing: { readonly offset: number; readonly before: string } | undefined;
  /** When typing was last said; 0 when it is not going on. */
  #saidTyping = 0;

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { form, prefix } = options;
    const id = (part: string): string => `${prefix}${part}`;
    this.#input = el("textarea", {
      id: id("text"),
      "data-testid": id("composer"),
      rows: "1",
      enterkeyhint: "send",
      autocomplete: "off",
      maxlength: String(MAX_TEXT),
      "aria-describedby": id("hint"),
    });
    this.#left = el("span", { class: "left quiet", "aria-live": "polite" });
    this.#send = el(
      "button",
      { class: "send", "data-testid": id("send"), "aria-label": "Send", title: "Send (Enter)" },
      icon("send"),
    );
    this.#bar = el("div", { class: "editing", "data-testid": id("editing"), hidden: "" });
    this.#attachment = new Attachment({ prefix, onChange: () => this.#changed() });
    const box = el("div", { class: "box" }, this.#attachment.opener, this.#input, this.#left, this.#send);
    const hint = el(
      "span",
      { class: "unseen", id: id("hint") },
      "Enter sends, Shift and Enter begin a new line",
    );
    const mentionBox = new MentionBox(this.#input, options.people, () => this.#changed());
    form.append(this.#bar, this.#attachment.element, mentionBox.element, box, hint);
    this.#listen(mentionBox);
    this.#changed();
  }

  /** What is written and not sent; an edit is no draft. */
  get draft(): string {
    return this.#editing?.before ?? this.#input.value;
  }

  /** Puts a draft in its place, as when coming back to a room. */
  set draft(text: string) {
    this.#saidTyping = 0;
    this.#editing = undefined;
    this.#attachment.clear();
    this.#input.value = text;
    this.#fit();
  }

  /** What the box is for. */
  label(placeholder: string, label: string): void {
    this.#input.placeholder = placeholder;
    this.#input.setAttribute("aria-label", label);
  }

  focus(): void {
    this.#input.focus();
  }

  /** Attaches an image, from wherever it comes. */
  attach(files: Iterable<File>): void {
    this.#attachment.choose(files);
    this.focus();
  }

  /** Puts a message that was sent into the box, to change it. */
  edit(offset: number, text: string): void {
    this.#editing = { offset, before: this.draft };
    this.#input.value = text;
    this.#fit();
    this.focus();
    this.#input.setSelectionRange(text.length, text.length);
  }

  #listen(mentionBox: MentionBox): void {
    const { form, onEditLast } = this.#options;
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("keydown", (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.isComposing || mentionBox.takes(event)) return;
      if (event.key === "Escape" && this.#editing !== undefined) {
        event.stopPropagation();
        this.#endEdit();
      } else if (event.key === "ArrowUp" && this.#input.value === "" && this.#editing === undefined) {
        event.preventDefault();
        onEditLast();
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.#submit();
      }
    });
    this.#input.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.attach(files);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
      this.focus();
    });
  }

  #submit(): void {
    const text = this.#input.value.trim();
    if (this.#editing !== undefined) {
      const { offset } = this.#editing;
      this.#endEdit();
      if (text !== "") this.#options.onEdited(offset, text);
      return;
    }
    if (this.#attachment.busy) return;
    const { image } = this.#attachment;
    if (text === "" && image === undefined) return;
    this.#input.value = "";
    this.#attachment.clear();
    this.#changed();
    this.#options.onSend({ text, image });
  }

  #endEdit(): void {
    this.#input.value = this.#editing?.before ?? "";
    this.#editing = undefined;
    this.#changed();
  }

  #changed(): void {
    this.#fit();
    const now = Date.now();
    const writing = this.#input.value.trim() !== "" && this.#editing === undefined;
    if (writing && now - this.#saidTyping >= TYPING_EVERY_MS) {
      this.#saidTyping = now;
      this.#options.onTyping(true);
    } else if (!writing && this.#saidTyping !== 0) {
      this.#saidTyping = 0;
      this.#options.onTyping(false);
    }
  }

  /** The box is as high as its text; the style sheet says how high it gets. */
  #fit(): void {
    const input = this.#input;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
    this.#send.disabled =
      this.#attachment.busy || (input.value.trim() === "" && this.#attachment.image === undefined);
    const rest = MAX_TEXT - input.value.length;
    this.#left.replaceChildren(
      ...(rest <= SHOW_LEFT ? [String(rest), el("span", { class: "unseen" }, " left")] : []),
    );
    const editing = this.#editing !== undefined;
    this.#bar.hidden = !editing;
    this.#attachment.opener.hidden = editing;
    if (editing === this.#bar.childElementCount > 0) return;
    const cancel = (): void => {
      this.#endEdit();
      this.focus();
    };
    this.#bar.replaceChildren(
      ...(editing
        ? [el("span", {}, "Editing your message"), button({ class: "link" }, "Cancel", cancel)]
        : []),
    );
  }
}
