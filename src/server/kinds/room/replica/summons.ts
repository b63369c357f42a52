import type { Clock, Timer } from "../../../../protocol/index.js";

/** How often it is looked whether a room's owner is heard of, in milliseconds. */
const CHECK_MS = 250;
/** After so many ticks without a word of its owner another one is looked for, but not before so many milliseconds. */
const SILENT_TICKS = 10;
const SILENT_MS = 1000;
/** Nor later: an owner that has nothing to tell gives a sign once a second. */
const MOST_SILENT_MS = 2500;

/** After how many milliseconds without a word of its owner another one is looked for. It is waited for the end of its reign then. */
export function patienceOf(rate: number): number {
  return Math.min(MOST_SILENT_MS, Math.max(SILENT_MS, (SILENT_TICKS * 1000) / rate));
}

export interface SummonsDeps {
  readonly clock: Clock;
  /** See {@link patienceOf}. */
  readonly patience: number;
  /** Whether anybody here needs an owner. */
  readonly isNeeded: () => boolean;
  /** Looks for one. Must not reject. */
  readonly summon: () => Promise<void>;
}

/** Sees to it that a room in which somebody plays has an owner. */
export class Summons {
  readonly #deps: SummonsDeps;
  #heardAt: number;
  #timer: Timer;
  #isLooking = false;
  #isClosed = false;

  constructor(deps: SummonsDeps) {
    this.#deps = deps;
    this.#heardAt = deps.clock.monotonic();
  }

  /** The owner was heard of. */
  heard(): void {
    this.#heardAt = this.#deps.clock.monotonic();
  }

  /** Somebody needs an owner from here on. */
  watch(): void {
    if (this.#isClosed || this.#timer !== undefined || !this.#deps.isNeeded()) return;
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#timer = undefined;
      const { clock, patience, isNeeded } = this.#deps;
      if (isNeeded() && clock.monotonic() - this.#heardAt >= patience) this.summon();
      this.watch();
    }, CHECK_MS);
  }

  /** It has none: one is looked for now. */
  summon(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    void this.#deps.summon().then(() => {
      this.#isLooking = false;
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#deps.clock.clearTimeout(this.#timer);
  }
}
