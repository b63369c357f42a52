/** A thread: beside the messages where there is room, over them where there is not. */
import { byId } from "../../shared/page/dom.js";
import { Composer, type ComposerOptions } from "./composer.js";
import { MessageList, type MessageListOptions } from "./message-list.js";
import type { Row } from "./rows.js";

export interface ThreadOptions {
  readonly list: Omit<MessageListOptions, "scroller" | "list" | "onNearTop" | "onAtEnd">;
  readonly composer: Omit<ComposerOptions, "form" | "prefix">;
  readonly onChange: () => void;
}

export class ThreadPanel {
  readonly composer: Composer;
  readonly #panel = byId("thread", HTMLElement);
  readonly #list: MessageList;
  readonly #onChange: () => void;
  #root: number | undefined;
  /** What had the focus before. */
  #opener: Element | null = null;

  constructor({ list, composer, onChange }: ThreadOptions) {
    this.#onChange = onChange;
    this.#list = new MessageList({
      ...list,
      scroller: byId("thread-scroller", HTMLElement),
      list: byId("thread-list", HTMLElement),
      onNearTop: () => undefined,
      onAtEnd: () => undefined,
    });
    this.composer = new Composer({
      ...composer,
      form: byId("thread-composer", HTMLFormElement),
      prefix: "thread-",
    });
    this.composer.label("Reply…", "Reply in the thread");
    byId("thread-close", HTMLButtonElement).addEventListener("click", () => this.close());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /** The offset of the message that the thread began with; undefined while none is open. */
  get root(): number | undefined {
    return this.#root;
  }

  open(root: number): void {
    if (this.#root === undefined) this.#opener = document.activeElement;
    if (this.#root !== root) this.composer.draft = "";
    this.#root = root;
    this.#panel.hidden = false;
    document.body.classList.add("thread-open");
    this.#list.scrollToEnd();
    this.#onChange();
    this.composer.focus();
  }

  close(): void {
    if (this.#root === undefined) return;
    this.#root = undefined;
    this.#panel.hidden = true;
    document.body.classList.remove("thread-open");
    if (this.#opener instanceof HTMLElement && this.#opener.isConnected) this.#opener.focus();
    this.#onChange();
  }

  scrollTo(offset: number): void {
    this.#list.scrollTo((row) => row.offset === offset);
  }

  show(rows: readonly Row[]): void {
    this.#list.show(rows);
  }
}
