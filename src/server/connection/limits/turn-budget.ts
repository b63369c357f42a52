/**
 * How much a node carries out in one turn of the event loop, of all connections together: so many commands, and no longer than
 * some milliseconds. What is above that waits for the next turn, so that however much comes at once, everything else has its
 * turn in between. Counting alone would not do: code that has just begun to be used takes ten times as long.
 */
import type { Clock } from "../../../protocol/index.js";

/** What a turn is good for: a few milliseconds. A publish or a call counts as one. */
const A_TURN = 1500;
/** For how long a turn takes more, in milliseconds. */
const A_TURN_MS = 3;
/** So much is carried out between two looks at the clock, counted as commands are. */
const STRIDE = 60;
/** As how many a command counts that takes longer, such as to subscribe, and a request over HTTP. */
export const HEAVY = 60;
export const REQUEST = 100;

export class TurnBudget {
  readonly #clock: Clock;
  readonly #soon: (run: () => void) => void;
  /** The same for all turns: a busy server has tens of thousands of them a second. */
  readonly #endTurn = (): void => this.#nextTurn();
  #left = A_TURN;
  /** At how much that is left the clock is looked at again. */
  #nextLook = 0;
  /** When the turn's first command began, on the monotonic clock. */
  #began = 0;
  #scheduled = false;
  #little: (() => void)[] = [];
  #much: (() => void)[] = [];

  /** @param soon calls what it is given once, at the end of the turn, or in the next one; by default by a timer of its own */
  constructor(clock: Clock, soon: (run: () => void) => void = (run) => clock.setImmediate(run)) {
    this.#clock = clock;
    this.#soon = soon;
  }

  /** Hot path. Takes room for something that begins now and counts as `count`; `false` where this turn has none left. */
  take(count: number): boolean {
    if (!this.#scheduled) this.#schedule();
    if (!this.#hasRoom) return false;
    this.#left -= count;
    return true;
  }

  /** Looks at the clock now and then. */
  get #hasRoom(): boolean {
    if (this.#left <= 0) return false;
    if (this.#left > this.#nextLook) return true;
    this.#nextLook = this.#left - STRIDE;
    if (this.#clock.monotonic() - this.#began <= A_TURN_MS) return true;
    this.#left = 0;
    return false;
  }

  /** When this turn's first command began, on the monotonic clock: milliseconds ago, for whoever has just taken room. */
  get began(): number {
    return this.#began;
  }

  /** Whether somebody waits for a turn. */
  get isSought(): boolean {
    return this.#little.length + this.#much.length > 0;
  }

  /** Takes the room for something that begins now because its turn has come. */
  spend(count: number): void {
    this.#left -= count;
  }

  /**
   * Calls `run` in a later turn that has room, after those who have waited longer; who has little to do does not wait for
   * those who have much.
   */
  wait(run: () => void, hasLittle: boolean): void {
    (hasLittle ? this.#little : this.#much).push(run);
    if (!this.#scheduled) this.#schedule();
  }

  /** Takes room for something that counts as `count`: `undefined` where there is some, or resolves in a turn that has. */
  room(count: number): Promise<void> | undefined {
    return this.take(count) ? undefined : this.later(count);
  }

  /** The same in a later turn, also where this one has room. */
  later(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.wait(() => {
        this.spend(count);
        resolve();
      }, false);
    });
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#renew();
    this.#soon(this.#endTurn);
  }

  #nextTurn(): void {
    this.#scheduled = false;
    this.#left = A_TURN;
    if (!this.isSought) return;
    this.#renew();
    this.#little = this.#begin(this.#little);
    this.#much = this.#begin(this.#much);
    if (this.isSought && !this.#scheduled) this.#schedule();
  }

  #renew(): void {
    this.#began = this.#clock.monotonic();
    this.#nextLook = this.#left - STRIDE;
  }

  /** Begins what has waited, as far as there is room; returns the rest, with what waits anew behind it. */
  #begin(waiting: (() => void)[]): (() => void)[] {
    // Who waits anew comes behind those who waited already: each has its share.
    const count = waiting.length;
    let begun = 0;
    while (begun < count && this.#hasRoom) (waiting[begun++] as () => void)();
    return begun === 0 ? waiting : waiting.slice(begun);
  }
}
