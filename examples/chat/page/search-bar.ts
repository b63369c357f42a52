/** Looks for words in what is loaded, goes from one find to the next, and further back when asked to. */
import { byId } from "../../shared/page/dom.js";
import { searchIn, wordsOf, type Hit } from "./search.js";
import type { Timeline } from "./timeline.js";

export interface SearchOptions {
  readonly onChange: () => void;
  /** Shows the message that the search has come to. */
  readonly onGo: (hit: Hit) => void;
}

export class SearchBar {
  readonly #form = byId("search", HTMLFormElement);
  readonly #input = byId("search-text", HTMLInputElement);
  readonly #opener = byId("open-search", HTMLButtonElement);
  readonly #options: SearchOptions;
  #hits: readonly Hit[] = [];
  /** The offset that the search has come to. */
  #at: number | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#opener.addEventListener("click", () => (this.#form.hidden ? this.open() : this.close()));
    byId("search-close", HTMLButtonElement).addEventListener("click", () => this.close());
    byId("search-older", HTMLButtonElement).addEventListener("click", () => this.#go(-1));
    byId("search-newer", HTMLButtonElement).addEventListener("click", () => this.#go(1));
    this.#input.addEventListener("input", () => {
      this.#at = undefined;
      this.#options.onChange();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go(-1);
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      else if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.#go(1);
      }
    });
  }

  /** What to mark; undefined while nothing is searched for. */
  get find(): { words: readonly string[]; at: number | undefined } | undefined {
    const words = this.#form.hidden ? [] : wordsOf(this.#input.value);
    return words.length === 0 ? undefined : { words, at: this.#at };
  }

  open(): void {
    this.#form.hidden = false;
    this.#opener.setAttribute("aria-expanded", "true");
    this.#input.focus();
    this.#input.select();
    this.#options.onChange();
  }

  close(): void {
    if (this.#form.hidden) return;
    this.#form.hidden = true;
    this.#at = undefined;
    this.#opener.setAttribute("aria-expanded", "false");
    this.#opener.focus();
    this.#options.onChange();
  }

  /** Searches again: something came, or another room is shown. */
  update(timeline: Timeline): void {
    const { find } = this;
    this.#hits = find === undefined ? [] : searchIn(timeline, this.#input.value);
    const more = timeline.before === "more";
    byId("search-more", HTMLButtonElement).hidden = find === undefined || !more;
    byId("search-count", HTMLElement).textContent = find === undefined ? "" : this.#countText();
    for (const id of ["search-older", "search-newer"])
      byId(id, HTMLButtonElement).disabled = this.#hits.length === 0;
  }

  #countText(): string {
    const all = this.#hits.length;
    if (all === 0) return "Nothing found";
    const nth = this.#hits.findIndex(({ offset }) => offset === this.#at);
    if (nth >= 0) return `${nth + 1} of ${all}`;
    return all === 1 ? "1 found" : `${all} found`;
  }

  /** Begins at the newest, and goes round. */
  #go(step: 1 | -1): void {
    const all = this.#hits.length;
    if (all === 0) return;
    const nth = this.#hits.findIndex(({ offset }) => offset === this.#at);
    const next = nth < 0 ? all - 1 : (nth + step + all) % all;
    const hit = this.#hits[next];
    if (hit === undefined) return;
    this.#at = hit.offset;
    this.#options.onChange();
    this.#options.onGo(hit);
  }
}
