/** A second viewer of the same market beside the first, on a connection of its own: what a slow one costs it. Nothing. */
import { state } from "tidemark/state";
import { el } from "../../shared/page/dom.js";
import { showAge, showTenths } from "./format.js";
import { Viewer } from "./viewer.js";

const SHOW_MS = 500;

export class Twin {
  readonly element = el("p", { class: "twin", "data-testid": "twin" }, "A second viewer connects…");
  readonly #viewer: Viewer;
  readonly #showing: ReturnType<typeof setInterval>;

  constructor(rate: number) {
    this.#viewer = new Viewer(rate);
    this.#viewer.take(state(this.#viewer.rt, "market", { rate }), true);
    this.#showing = setInterval(() => this.#show(), SHOW_MS);
  }

  close(): void {
    clearInterval(this.#showing);
    this.#viewer.close();
    this.element.remove();
  }

  #show(): void {
    const { age, merged, messages } = this.#viewer.figures();
    if (age === undefined) return;
    this.element.textContent = `A second viewer beside you: ${showAge(age)} old, merged ${showTenths(merged)}:1, ${messages} messages a second`;
  }
}
