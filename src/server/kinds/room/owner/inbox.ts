import type { Entering } from "../run/entering.js";
import type { SeatState } from "../run/seats.js";
import type { InputItem } from "../messages.js";

/**
 * So many inputs of a seat may have entered, or be about to, beyond those that are done with; a player has no more than half as
 * many unacknowledged.
 */
const MOST_AHEAD = 64;
/** So many things may wait for the next tick; what nodes send again may be left out. */
const MOST_WAITING = 20_000;

/** What waits for the next tick of a room. What was sent again, and has entered before, is left out: it would be in the log twice. */
export class Inbox {
  #waiting: Entering[] = [];
  /** By seat, the numbers of inputs that have entered or wait, and are not done with yet. */
  readonly #numbers = new Map<string, Set<number>>();

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  put(one: Entering): void {
    this.#waiting.push(one);
  }

  /** Hot: once for each input. */
  putInput([seat, n, input, seen]: InputItem, state: SeatState | undefined): void {
    if (state === undefined || n <= state.inputs.last || this.#waiting.length >= MOST_WAITING) return;
    let numbers = this.#numbers.get(seat);
    if (numbers === undefined) this.#numbers.set(seat, (numbers = new Set()));
    if (numbers.has(n)) return;
    if (numbers.size >= MOST_AHEAD) {
      for (const one of numbers) if (one <= state.inputs.last) numbers.delete(one);
      if (numbers.size >= MOST_AHEAD) return;
    }
    numbers.add(n);
    this.#waiting.push({ is: "input", seat, n, input, ...(seen !== undefined && { seen }) });
  }

  putSeen(seat: string, tick: number): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ is: "seen", seat, tick });
  }

  /** The seat is free: whoever has it next counts anew. */
  forget(seat: string): void {
    this.#numbers.delete(seat);
  }

  take(): Entering[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
