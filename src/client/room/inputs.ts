/** An input that the room has not acknowledged. */
export interface Pending<I> {
  /** Which of its seat's inputs it is, from 1. */
  readonly number: number;
  readonly input: I;
  /** When it was made, in milliseconds of a clock that never steps back. */
  readonly at: number;
  /** The tick that was shown then, if any was: what the player saw. */
  readonly seen?: number;
}

/** The most that are kept, as on the node that passes them on. */
const MOST = 32;

/**
 * The inputs of one seat: numbered from 1, and kept until a frame acknowledges them.
 *
 * @example
 * const inputs = new Inputs<{ dx: number }>();
 * const added = inputs.add({ dx: 1 }, now); // sent as { dx: 1 } with the number added?.number
 * inputs.acknowledge(frame.ack, frame.depth, now); // when a frame comes
 */
export class Inputs<I> {
  /** The number of the newest one. */
  last: number;
  readonly #pending: Pending<I>[] = [];
  /** The newest one that is known to have come to the room. */
  #arrived = 0;

  /** @param last the number of the newest one that the seat had before, such as on another page */
  constructor(last = 0) {
    this.last = last;
  }

  /** Those that are not acknowledged, oldest first. */
  get pending(): readonly Pending<I>[] {
    return this.#pending;
  }

  /**
   * Gives an input its number.
   *
   * @param seen the tick that was shown; NaN for none
   * @returns undefined, and nothing is kept, where 32 are unacknowledged: the room is not heard of, and what a player
   * does now would not count
   */
  add(input: I, now: number, seen = Number.NaN): Pending<I> | undefined {
    if (this.#pending.length >= MOST) return undefined;
    const tick = Math.max(0, Math.floor(seen));
    const pending = { number: ++this.last, input, at: now, ...(tick >= 0 && { seen: tick }) };
    this.#pending.push(pending);
    return pending;
  }

  /**
   * A frame says that the inputs up to `ack` have been consumed, or dropped, and that `depth` more wait in the room.
   *
   * @returns how long it has been since the newest of those that have come there was made, in milliseconds: the time there and
   * back, and up to one interval of waiting; undefined where the frame tells nothing new of that
   */
  acknowledge(ack: number, depth: number, now: number): number | undefined {
    const arrived = ack + depth;
    const newest = this.#pending.find(({ number }) => number === arrived);
    const isNews = arrived > this.#arrived;
    this.#arrived = Math.max(this.#arrived, arrived);
    while (this.#pending[0] !== undefined && this.#pending[0].number <= ack) this.#pending.shift();
    return isNews && newest ? now - newest.at : undefined;
  }

  /** One was refused: it is done with, and no frame need say so. */
  refuse(number: number): void {
    const index = this.#pending.findIndex((pending) => pending.number === number);
    if (index >= 0) this.#pending.splice(index, 1);
  }

  /**
   * The seat has had inputs up to this number. Where those were made elsewhere, numbers go on behind them, and what is not
   * acknowledged is given up: its numbers were used for something else.
   *
   * @returns whether it was so
   */
  goOn(last: number): boolean {
    if (last <= this.last) return false;
    this.last = last;
    this.drop();
    return true;
  }

  /** Gives up those that are not acknowledged, such as after a long cut. Numbers are not given again. */
  drop(): void {
    this.#pending.length = 0;
  }
}
