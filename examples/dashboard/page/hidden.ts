/** What comes while nobody sees the page: nothing, because the client pauses by itself. */
import { showBytes, showTenths } from "./format.js";
import type { Viewer } from "./viewer.js";

/**
 * Has the page take itself for hidden, for so many milliseconds: what browsers say of a hidden page is said here of one that is
 * in sight, so that one can look at what happens then.
 */
export async function pretendHidden(ms: number): Promise<void> {
  const say = (visibility: DocumentVisibilityState): void => {
    const value = { configurable: true, get: () => visibility };
    Object.defineProperty(document, "visibilityState", value);
    Object.defineProperty(document, "hidden", { configurable: true, get: () => visibility === "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  say("hidden");
  await new Promise((resolve) => setTimeout(resolve, ms));
  say("visible");
  // The browser's own word counts again.
  Reflect.deleteProperty(document, "visibilityState");
  Reflect.deleteProperty(document, "hidden");
}

/** Counts what comes between the answer to the client's pause and the moment when the page is seen again. */
export class HiddenMeter {
  readonly #viewer: Viewer;
  readonly #say: (text: string) => void;
  #since = 0;
  #bytes: number | undefined;

  constructor(viewer: Viewer, say: (text: string) => void) {
    this.#viewer = viewer;
    this.#say = say;
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#hide();
      else this.#show();
    });
  }

  #hide(): void {
    this.#since = performance.now();
    this.#bytes = undefined;
    this.#say("Hidden");
    // The client hears of it in this turn too, and asks for nothing more.
    setTimeout(() => this.#settle(), 0);
  }

  /** What was on its way when the server heard of it still comes. */
  #settle(): void {
    if (document.visibilityState !== "hidden") return;
    if (this.#viewer.tap.tuning) setTimeout(() => this.#settle(), 10);
    else this.#bytes = this.#viewer.tap.messageBytes;
  }

  #show(): void {
    if (this.#since === 0) return;
    const seconds = showTenths((performance.now() - this.#since) / 1000);
    const { messageBytes } = this.#viewer.tap;
    const came = messageBytes - (this.#bytes ?? messageBytes);
    this.#since = 0;
    this.#say(`Bytes while hidden, for ${seconds} s: ${showBytes(came)}`);
  }
}
