/**
 * How a simulated client says what of a subscription has come, and whether the server sends more than it may ahead of that. Who says
 * it late lets the server come to its window.
 */
import type { SimProcess } from "../process.js";

/**
 * `half`: all that has come, whenever that is half a window. `late`: the same, some time afterwards, when more has come. `single`: one
 * line after the other, each a while after the one before.
 */
export const ACK_WAYS = ["half", "late", "single"] as const;
export type AckWay = (typeof ACK_WAYS)[number];

const LATE_MS = 1500;
const SINGLE_MS = 250;

export class Acks {
  readonly #way: AckWay;
  readonly #process: SimProcess;
  readonly #wrong: (what: string) => void;
  /** Tells the server; of the subscription at hand. */
  #say: (lines: number) => void = () => {};
  /** Of the subscription at hand: what was meant for another one is not said. */
  #life = {};
  /** In bytes; 0 where nothing is acknowledged. */
  #window = 0;
  /** The lines that the server has been told of. */
  #said = 0;
  /** The sizes of those that came since, oldest first. */
  #sizes: number[] = [];
  #bytes = 0;
  /** The size of the newest message, as far as it has come. */
  #message = 0;
  #isSingling = false;

  constructor(way: AckWay, process: SimProcess, wrong: (what: string) => void) {
    this.#way = way;
    this.#process = process;
    this.#wrong = wrong;
  }

  /** The subscription has begun: lines are counted anew. */
  begin(window: number, say: (lines: number) => void): void {
    this.end();
    this.#window = window;
    this.#say = say;
  }

  end(): void {
    this.#life = {};
    this.#window = this.#said = this.#bytes = this.#message = 0;
    this.#sizes = [];
    this.#isSingling = false;
  }

  /** A line of so many bytes has come, which begins a message or goes on with one. */
  line(size: number, goesOn: boolean): void {
    if (this.#window === 0) return;
    // Whatever the server knew when it sent this one, it has not been told of more than this client has said by now.
    const isTooMuch = goesOn
      ? this.#bytes >= 2 * this.#window
      : this.#bytes + Math.min(this.#message, this.#bytes) > this.#window;
    if (isTooMuch)
      this.#wrong(
        `a line came where ${this.#bytes} bytes of a window of ${this.#window} were not acknowledged`,
      );
    this.#message = goesOn ? this.#message + size : size;
    this.#sizes.push(size);
    this.#bytes += size;
    if (this.#way === "single") return this.#singly();
    if (this.#bytes < this.#window / 2) return;
    const lines = this.#said + this.#sizes.length;
    if (this.#way === "half") this.#tell(lines);
    else this.#after(LATE_MS, () => this.#tell(lines));
  }

  /** Lines that are not told of yet are told of one by one. */
  #singly(): void {
    if (this.#isSingling || this.#sizes.length === 0) return;
    this.#isSingling = true;
    this.#after(SINGLE_MS, () => {
      this.#isSingling = false;
      this.#tell(this.#said + 1);
      this.#singly();
    });
  }

  #after(ms: number, run: () => void): void {
    const life = this.#life;
    this.#process.clock.setTimeout(() => {
      if (life === this.#life) run();
    }, ms);
  }

  /** Numbers that are lower than an earlier one are told as well: they say nothing. */
  #tell(lines: number): void {
    while (this.#said < lines) {
      this.#said++;
      this.#bytes -= this.#sizes.shift() ?? 0;
    }
    this.#say(lines);
  }
}
