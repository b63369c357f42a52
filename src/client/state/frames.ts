import type { Clock, Timer } from "../../protocol/index.js";
import type { Page } from "../page.js";

/** What a page does not paint is shown all the same after so long, in milliseconds. */
const LATEST_MS = 1000;

/** Has what changed shown once a frame: before the page is painted, and where nothing is painted, after the turn. */
export class Frames {
  readonly #clock: Clock;
  readonly #page: Page;
  readonly #show: () => void;
  /** What is asked for and has not come; what comes of an earlier one is void. */
  #due: object | undefined;
  #timer: Timer;

  constructor(clock: Clock, page: Page, show: () => void) {
    this.#clock = clock;
    this.#page = page;
    this.#show = show;
  }

  request(): void {
    if (this.#due) return;
    const due = (this.#due = {});
    const show = (): void => {
      if (this.#due === due) this.flush();
    };
    if (this.#page.frame(show)) this.#timer = this.#clock.setTimeout(show, LATEST_MS);
    else this.#clock.setImmediate(show);
  }

  /** Shows now what waits for a frame. */
  flush(): void {
    if (!this.#due) return;
    this.stop();
    this.#show();
  }

  stop(): void {
    this.#due = undefined;
    this.#clock.clearTimeout(this.#timer);
  }
}
