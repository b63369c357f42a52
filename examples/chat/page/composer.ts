/** Where one writes: Enter sends, Shift+Enter begins a new line. */
import { el } from "../../shared/page/dom.js";
import { TYPING_EVERY_MS } from "./typists.js";

/** As many characters as the server takes. */
const MAX_LENGTH = 2000;
/** From here on it shows how many are left. */
const SHOW_LEFT = 200;

export interface ComposerOptions {
  readonly form: HTMLFormElement;
  readonly input: HTMLTextAreaElement;
  readonly send: HTMLButtonElement;
  /** Says how many characters are left, near the end. */
  readonly left: HTMLElement;
  readonly onSend: (text: string) => void;
  /** The user is typing (again after a while), or no longer. */
  readonly onTyping: (on: boolean) => void;
}

export class Composer {
  readonly #options: ComposerOptions;
  /** When typing was last said; 0 when it is not going on. */
  #saidTyping = 0;

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { form, input } = options;
    input.maxLength = MAX_LENGTH;
    input.addEventListener("input", () => this.#changed());
    input.addEventListener("keydown", (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
      input.focus();
    });
    this.#changed();
  }

  /** What is written and not sent. */
  get draft(): string {
    return this.#options.input.value;
  }

  /** Puts a draft in its place, as when coming back to a room. */
  set draft(text: string) {
    this.#saidTyping = 0;
    this.#options.input.value = text;
    this.#fit();
  }

  focus(): void {
    this.#options.input.focus();
  }

  #send(): void {
    const { input, onSend } = this.#options;
    const text = input.value.trim();
    if (text === "") return;
    input.value = "";
    this.#changed();
    onSend(text);
  }

  #changed(): void {
    this.#fit();
    const now = Date.now();
    const writing = this.draft.trim() !== "";
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
    const { input, send, left } = this.#options;
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
    send.disabled = this.draft.trim() === "";
    const rest = MAX_LENGTH - this.draft.length;
    left.replaceChildren(
      ...(rest <= SHOW_LEFT ? [String(rest), el("span", { class: "unseen" }, " left")] : []),
    );
  }
}
