import type { Clock, Timer } from "../../protocol/index.js";

/** The server is told at the latest so long after something came, in milliseconds. */
const LATEST_MS = 1000;

/**
 * Tells the server how much of a subscription has come here, and been shown: it keeps no more than a window under way. A part of a
 * message counts when it has come; its last one when the message has been shown, so that a page which is slow gets less.
 */
export class Acks {
  readonly #clock: Clock;
  readonly #say: (lines: number) => void;
  /** In bytes; 0 where the server does not want to be told. */
  #window = 0;
  #lines = 0;
  /** The first line that has to be shown and was not; 0 where there is none. */
  #unshown = 0;
  #told = 0;
  /** About how many bytes the server has not been told of. */
  #bytes = 0;
  #timer: Timer;

  /** @param say tells it that so many lines have come since the subscription is on */
  constructor(clock: Clock, say: (lines: number) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** The subscription is on, and its lines are counted anew. */
  begin(window = 0): void {
    this.stop();
    this.#window = window;
    this.#lines = this.#unshown = this.#told = this.#bytes = 0;
  }

  /** @param more whether it is not the last line of its message */
  line(size: number, more: boolean): void {
    if (this.#window === 0) return;
    this.#lines++;
    this.#bytes += size;
    if (!more) this.#unshown ||= this.#lines;
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#unshown = 0;
      this.#tell();
    }, LATEST_MS);
    this.#tellIfMuch();
  }

  /** All that has come is shown. */
  shown(): void {
    this.#unshown = 0;
    this.#tellIfMuch();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tellIfMuch(): void {
    if (this.#window > 0 && this.#bytes * 2 >= this.#window) this.#tell();
  }

  #tell(): void {
    const lines = this.#unshown ? this.#unshown - 1 : this.#lines;
    if (lines === this.#lines) {
      this.stop();
      this.#bytes = 0;
    }
    if (lines <= this.#told) return;
    this.#told = lines;
    this.#say(lines);
  }
}
