import type { ClientHost } from "../client/index.js";

type Page = NonNullable<ClientHost["page"]>;

/** The page of a client in a test: what has changed is shown after the turn, and it is hidden when the test says so. */
export class TestPage implements Page {
  #isHidden = false;
  readonly #listeners = new Set<() => void>();

  readonly hidden = (): boolean => this.#isHidden;

  readonly listen = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  };

  /** Nothing is painted: no test waits for a frame. */
  readonly frame = (): boolean => false;

  turn(how: "hidden" | "seen"): void {
    this.#isHidden = how === "hidden";
    for (const changed of this.#listeners) changed();
  }
}
