import type { Clock, Timer } from "../../../../protocol/index.js";
import type { Placed } from "../messages.js";

/** How often it is looked whether a room's owner is heard of, in milliseconds. */
const CHECK_MS = 250;

/** What a node has of the search for an owner. */
export type Placing = Pick<Placed, "owner" | "refused" | "after" | "reason">;

/** Has some node own a room. */
export interface Placement {
  /**
   * Asks nodes until one owns the room, or none will. May reject.
   *
   * @param was the reign whose owner was not heard of for too long; undefined: none is known, or it has given the room up
   */
  place(channel: string, match: ReadonlyMap<string, string>, was: string | undefined): Promise<Placing>;
}

export interface SummonsDeps {
  readonly clock: Clock;
  /** After so many milliseconds without a word of its owner another one is looked for. */
  readonly patience: number;
  /** Whether anybody here needs one. */
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
      const { clock, patience } = this.#deps;
      if (clock.monotonic() - this.#heardAt >= patience && this.#deps.isNeeded()) this.summon();
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
