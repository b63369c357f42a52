/**
 * The end of the turn: everything that came together for a connection is written in one go. Writes are nearly
 * all of a fan-out's cost, so a long row of them gives the event loop a turn every few milliseconds.
 */
import type { Clock } from "../../protocol/index.js";
import type { OnError } from "../guard.js";

/** Something that has bytes to write. */
export interface Flushable {
  /** Must look after its own failures. */
  flush(): void;
}

/** How long writing may keep the event loop, in milliseconds. */
const SLICE_MS = 4;
/** Writes between two looks at the clock. */
const STRIDE = 64;

export class Flusher {
  readonly #clock: Clock;
  readonly #onError: OnError;
  /** Called before the writing: whoever collects over the turn hands it over here. */
  readonly #collectors: (() => void)[] = [];
  #dirty: Flushable[] = [];
  #at = 0;
  #soon: (() => void)[] = [];
  #scheduled = false;
  readonly #turn = (): void => this.#run();

  /** @param onError is told what one of them throws, which costs none of the others its turn */
  constructor(clock: Clock, onError: OnError) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Has `outgoing` flushed at the end of this turn. */
  add(outgoing: Flushable): void {
    this.#dirty.push(outgoing);
    this.schedule();
  }

  /** Runs `collect` at the end of this turn, before anything is written. */
  collect(collect: () => void): void {
    this.#collectors.push(collect);
    this.schedule();
  }

  /** Runs `run` in the next turn. */
  soon(run: () => void): void {
    this.#soon.push(run);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.setImmediate(this.#turn);
  }

  #run(): void {
    this.#scheduled = false;
    const soon = this.#soon;
    if (soon.length > 0) {
      this.#soon = [];
      this.#runAll(soon);
    }
    // Collectors may add collectors (a feed that repairs itself); those wait for the next turn.
    if (this.#collectors.length > 0) this.#runAll(this.#collectors.splice(0));
    if (this.#dirty.length > 0) this.#writeAll();
  }

  /** Hot path. Few writes, as nearly always, need no look at the clock. */
  #writeAll(): void {
    const start = this.#dirty.length > STRIDE ? this.#clock.monotonic() : 0;
    while (this.#at < this.#dirty.length) {
      const end = Math.min(this.#at + STRIDE, this.#dirty.length);
      this.#flushUpTo(end);
      if (this.#at < this.#dirty.length && this.#clock.monotonic() - start > SLICE_MS) {
        this.#dirty = this.#dirty.slice(this.#at);
        this.#at = 0;
        this.schedule();
        return;
      }
    }
    this.#dirty = [];
    this.#at = 0;
  }

  /** Hot path. */
  #flushUpTo(end: number): void {
    while (this.#at < end) {
      try {
        (this.#dirty[this.#at++] as Flushable).flush();
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  #runAll(runs: readonly (() => void)[]): void {
    for (const run of runs) {
      try {
        run();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
