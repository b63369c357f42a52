/** One direction of a link: frames in order, through a narrow or wide pipe, arriving some time later. */
import type { VirtualClock } from "../virtual-clock.js";

export interface PipeOptions {
  readonly clock: VirtualClock;
  /** Milliseconds from one end to the other; asked for each item. */
  readonly latency: () => number;
  /** Bytes a millisecond; 0 is a receiver that does not read. */
  readonly rate: () => number;
  /** How often a pipe that stands still looks whether it may go on, in milliseconds. */
  readonly poll?: number;
}

interface Item {
  readonly size: number;
  readonly arrive: () => void;
}

const POLL_MS = 20;
const KERNEL_BYTES = 32 * 1024;

export class Pipe {
  readonly #options: PipeOptions;
  #queue: Item[] = [];
  #unsent = 0;
  #busy = false;
  #lastArrival = 0;
  #drained: (() => void)[] = [];
  /** Everything that is on its way belongs to a life of the pipe; a cut ends it. */
  #life = {};
  #lost = false;
  /** What the sender's kernel takes although nobody reads it. */
  #kernel = KERNEL_BYTES;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** Bytes that have not been taken yet. */
  get unsent(): number {
    return this.#unsent;
  }

  put(size: number, arrive: () => void): void {
    this.#queue.push({ size, arrive });
    this.#unsent += size;
    if (!this.#busy) this.#pump();
  }

  /** Calls `run` once, in a later turn, when nothing is unsent. */
  whenDrained(run: () => void): void {
    this.#drained.push(run);
    this.#tellDrained();
  }

  /** From here on nothing arrives any more, and nobody is told: the sender's kernel takes what it has room for. */
  lose(): void {
    this.#lost = true;
  }

  /** Drops what is on its way. */
  cut(): void {
    this.#life = {};
    this.#queue = [];
    this.#unsent = 0;
    this.#drained = [];
  }

  #pump(): void {
    for (;;) {
      const item = this.#queue[0];
      if (item === undefined) break;
      const rate = this.#lost ? this.#kernelRate(item) : this.#options.rate();
      if (rate === Infinity) {
        this.#take(item);
        continue;
      }
      this.#busy = true;
      const life = this.#life;
      const wait = rate === 0 ? (this.#options.poll ?? POLL_MS) : item.size / rate;
      this.#options.clock.setTimeout(() => {
        this.#busy = false;
        if (life !== this.#life) {
          if (this.#queue.length > 0) this.#pump();
          return;
        }
        // One that was standing still is looked at again: it may be wide open by now.
        if (rate > 0 && this.#queue[0] === item) this.#take(item);
        if (!this.#lost) this.#pump();
      }, wait);
      return;
    }
    this.#tellDrained();
  }

  #kernelRate({ size }: Item): number {
    if (this.#kernel < size) return 0;
    this.#kernel -= size;
    return Infinity;
  }

  #take(item: Item): void {
    const { clock, latency } = this.#options;
    this.#queue.shift();
    this.#unsent -= item.size;
    const now = clock.monotonic();
    // Strictly later than the one before: equal times would leave the order to rounding.
    this.#lastArrival = Math.max(this.#lastArrival + 1e-6, now + Math.max(1, latency()));
    const life = this.#life;
    clock.setTimeout(() => {
      if (life === this.#life && !this.#lost) item.arrive();
    }, this.#lastArrival - now);
  }

  #tellDrained(): void {
    if (this.#drained.length === 0 || this.#unsent > 0) return;
    const life = this.#life;
    this.#options.clock.setImmediate(() => {
      if (life !== this.#life || this.#unsent > 0) return;
      const drained = this.#drained;
      this.#drained = [];
      for (const run of drained) run();
    });
  }
}
