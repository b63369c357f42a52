import type { Reign } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import { detach, type OnError } from "../../../guard.js";

/** How long a reign over a room is good for when it is not renewed, in milliseconds: what a failover waits for. */
export const REIGN_MS = 3000;
/** So much before its end, as it reckons, its owner stops, in milliseconds. */
export const MARGIN_MS = 500;
/** So often a reign is renewed within its length. */
const RENEWALS = 3;
/** So many renewals may be on their way. */
const MOST_RENEWING = 4;

export interface TenureOptions {
  readonly ttl: number;
  readonly margin: number;
}

/**
 * Why it is over:
 * - `late`: it could not be renewed in time; others may take it from now on
 * - `lost`: another one has it, or the log has lost it
 */
export type TenureEnd = "late" | "lost";

export interface TenureDeps extends TenureOptions {
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly reign: Reign;
  /** When the call that took it was sent, on the monotonic clock. */
  readonly sent: number;
  /** Called once, and never within a call of this one's. */
  readonly onEnd: (why: TenureEnd) => void;
  /**
   * Called once, when this node has not heard for the length of a reign what it said itself: others do not hear it either, or it does not hear them.
   * It still reigns, and is to give that up.
   */
  readonly onDeaf: () => void;
  /** Called with each renewal that is sent: what has no ticks gives its sign of life then. */
  readonly onRenewing: () => void;
  readonly onError: OnError;
}

/**
 * The time of a reign, as its owner may reckon with it: from the sending of the newest renewal that is known to have come through, and by its own
 * clock. Once it is over it is over: an answer that comes late revives nothing.
 */
export class Tenure {
  readonly #deps: TenureDeps;
  #until: number;
  #isOver = false;
  #isDeaf = false;
  #renewing = 0;
  #renewal: Timer;
  #end: Timer;
  /** When this node last heard itself; at first, when it began to speak. */
  #heard: number;

  constructor(deps: TenureDeps) {
    this.#deps = deps;
    this.#until = deps.sent + deps.ttl - deps.margin;
    this.#heard = deps.clock.monotonic();
    this.#renewal = this.#after(deps.ttl / RENEWALS, () => this.#renewNext());
    this.#watch();
  }

  /** Whether it is good now. Asked before each tick, and again before anything of it leaves. */
  get isGood(): boolean {
    if (!this.#isOver && this.#deps.clock.monotonic() >= this.#until) this.#over("late");
    return !this.#isOver;
  }

  /** This node has heard something that it said itself, under this reign. */
  heard(): void {
    this.#heard = this.#deps.clock.monotonic();
  }

  /** Renews it now. Whether it is still this one's, where an answer came in time; what comes late is `false`. */
  async renew(): Promise<boolean> {
    const { clock, reign, ttl, margin } = this.#deps;
    const sent = clock.monotonic();
    this.#renewing++;
    try {
      const isOurs = await reign.renew();
      if (!this.isGood) return false;
      if (isOurs) {
        this.#until = Math.max(this.#until, sent + ttl - margin);
        this.#watch();
      } else this.#over("lost");
      return isOurs;
    } finally {
      this.#renewing--;
    }
  }

  /** Ends it without a word: it was released, or its owner has nothing more to do. */
  stop(): void {
    const { clock } = this.#deps;
    this.#isOver = true;
    clock.clearTimeout(this.#renewal);
    clock.clearTimeout(this.#end);
  }

  #renewNext(): void {
    const { clock, ttl, onDeaf, onRenewing, onError } = this.#deps;
    this.#renewal = this.#after(ttl / RENEWALS, () => this.#renewNext());
    if (!this.isGood) return;
    if (clock.monotonic() - this.#heard > ttl && !this.#isDeaf) {
      this.#isDeaf = true;
      clock.setImmediate(onDeaf);
    }
    // One that the broker leaves unanswered must not keep the next one from being sent.
    if (this.#renewing < MOST_RENEWING) detach(this.renew(), onError);
    onRenewing();
  }

  #watch(): void {
    const { clock } = this.#deps;
    clock.clearTimeout(this.#end);
    this.#end = this.#after(this.#until - clock.monotonic(), () => {
      if (this.isGood) this.#watch();
    });
  }

  #over(why: TenureEnd): void {
    this.stop();
    this.#deps.clock.setImmediate(() => this.#deps.onEnd(why));
  }

  #after(ms: number, run: () => void): Timer {
    return this.#deps.clock.setTimeout(run, Math.max(1, ms));
  }
}
