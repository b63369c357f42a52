/**
 * Who may connect now. A node that stops lets nobody in. Otherwise connections are let in at a pace: when thousands come
 * back at once, some wait here for a moment, and the others are told when their turn is.
 */
import type { Random } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { RateOptions } from "./rate.js";

/**
 * What a connection is to its client. `first`: the client comes, or comes back. `poll`: the same, unless the poll goes on
 * from one that was let in, which it shows by a ticket. `aside`: the client has another connection, beside which it sends
 * commands over HTTP.
 */
export type Arrival = "first" | "poll" | "aside";

/** Who would wait longer than this, in milliseconds, is told to come back instead. */
const HOLD_MS = 500;
/** Of the pace, the share that is promised to those who are told to come back; the rest is for newcomers. */
const PROMISED = 0.9;
/**
 * The longest that anybody is told to stay away, in milliseconds. Who floods does not come back, and slots that
 * were promised to a flood must not keep others out when it has gone.
 */
const MOST_MS = 5000;
/** Who comes to a node that stops is to come back after this, or up to three times as long: in milliseconds. */
const ELSEWHERE_MS = 250;

export class Admission {
  readonly #rate: RateOptions | false;
  readonly #random: Random;
  /** When the last connection that was let in would have had its turn, were there no burst. */
  #turn = -Infinity;
  /** When the last connection that was sent away is to come back. */
  #promised = -Infinity;
  #stopping = false;

  constructor(rate: RateOptions | false, random: Random) {
    this.#rate = rate;
    this.#random = random;
  }

  /** From now on nobody is let in: clients are to go to another node. */
  stop(): void {
    this.#stopping = true;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * How long a connection has to wait, in milliseconds, or what it is to be told. `now` is on the monotonic clock. `next` is
   * a poll that goes on from one which was let in.
   */
  admit(arrival: "first" | "next" | "aside", now: number): number | TidemarkError {
    if (arrival === "aside") return 0;
    if (this.#stopping) {
      const after = Math.round(ELSEWHERE_MS * (1 + 2 * this.#random.float()));
      return new TidemarkError("going_away", "this server is stopping; another one will answer", { after });
    }
    if (arrival === "next" || this.#rate === false) return 0;
    const { perSecond, burst } = this.#rate;
    const gap = 1000 / perSecond;
    const turn = Math.max(this.#turn, now - burst * gap) + gap;
    if (turn - now <= HOLD_MS) {
      this.#turn = turn;
      return Math.max(0, turn - now);
    }
    const slot = Math.max(this.#promised, now + HOLD_MS) + gap / PROMISED;
    // Where no slot is left that is near enough, clients try again, spread out.
    const full = slot - now > MOST_MS;
    if (!full) this.#promised = slot;
    const after = Math.ceil(full ? MOST_MS * (0.5 + 0.5 * this.#random.float()) : slot - now);
    return new TidemarkError(
      "rate_limited",
      `more than ${perSecond} connections a second; come back in ${after} ms`,
      { after },
    );
  }
}
