/** The inputs of one seat that wait for their ticks. */

/** More than this many that wait are too old to be worth a step. */
export const MOST_WAITING = 8;
/** So many steps may be ahead of the tick, for a player whose inputs come in bursts. */
export const BURST = 4;
/**
 * With more than this many waiting two are taken in a tick, so that a burst does not stay a delay. At 20 a second over links of
 * 150 ± 50 ms two were found to leave one tick of sixteen without an input.
 */
const CROWDED = 3;

export interface WaitingInput {
  /** Counted by the player from 1. */
  readonly n: number;
  readonly input: unknown;
  /** The tick that its player saw when making it, where that was said. */
  readonly seen: number | undefined;
}

/** What a buffer is made again from. */
export interface InputsState {
  readonly last: number;
  readonly dropped: number;
  readonly tokens: number;
  readonly waiting: readonly WaitingInput[];
}

/**
 * Each input is one step, taken once and in the order of its number: one a tick, two while more than two wait, and not
 * more than one a tick on average, whatever comes. A missing number is waited for, since its node sends it again, until more than
 * eight wait; then the oldest is dropped and counts as taken.
 */
export class InputBuffer {
  #last: number;
  #dropped: number;
  #tokens: number;
  readonly #waiting: WaitingInput[];

  constructor(state: InputsState = { last: 0, dropped: 0, tokens: BURST, waiting: [] }) {
    this.#last = state.last;
    this.#dropped = state.dropped;
    this.#tokens = state.tokens;
    this.#waiting = [...state.waiting];
  }

  /** The number of the last input that was taken or dropped: all up to it are done with. */
  get last(): number {
    return this.#last;
  }

  /** The highest number that has come. */
  get newest(): number {
    return this.#waiting.at(-1)?.n ?? this.#last;
  }

  /** How many were dropped because too many waited, since the seat was taken. */
  get dropped(): number {
    return this.#dropped;
  }

  get state(): InputsState {
    return { last: this.#last, dropped: this.#dropped, tokens: this.#tokens, waiting: this.#waiting };
  }

  /** How many wait. */
  get depth(): number {
    return this.#waiting.length;
  }

  /** Whether the next one is here. */
  get isReady(): boolean {
    return this.#waiting[0]?.n === this.#last + 1;
  }

  /** Takes in what has come; one that is known, or done with, is none. */
  offer(n: number, input: unknown, seen: number | undefined): void {
    if (n <= this.#last) return;
    const waiting = this.#waiting;
    let place = waiting.length;
    while (place > 0 && (waiting[place - 1]?.n ?? 0) > n) place--;
    if (waiting[place - 1]?.n === n) return;
    waiting.splice(place, 0, { n, input, seen });
    if (waiting.length <= MOST_WAITING) return;
    this.#last = waiting.shift()?.n ?? this.#last;
    this.#dropped++;
  }

  /** The player's node holds none before this number: they are done with. */
  goOnFrom(n: number): void {
    if (n <= this.#last + 1) return;
    this.#last = n - 1;
    while ((this.#waiting[0]?.n ?? n) < n) this.#waiting.shift();
  }

  /** Begins a tick: how many may be taken in it. */
  begin(): number {
    this.#tokens = Math.min(BURST, this.#tokens + 1);
    return Math.min(this.#tokens, this.#waiting.length > CROWDED ? 2 : 1);
  }

  /** The next one, if it is here. */
  take(): WaitingInput | undefined {
    if (!this.isReady) return undefined;
    this.#last++;
    this.#tokens--;
    return this.#waiting.shift();
  }
}
