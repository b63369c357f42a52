/** A room's timers. They are data, so that they go where the room goes. */
import { fault } from "./faults.js";

/** The most timers that may wait in a room. */
export const MOST_TIMERS = 4096;
/** The longest argument of a timer, as JSON text. */
export const MOST_ARGUMENT = 4096;

export interface RoomTimer {
  /** Counted from 1 in the order in which they were set. */
  readonly number: number;
  /** When it is due, in the room's own unit of time. */
  readonly due: number;
  readonly name: string;
  /** JSON text; undefined for none. */
  readonly argument: string | undefined;
}

/** What timers are made again from. */
export interface TimersState {
  readonly waiting: readonly RoomTimer[];
  /** The number of the next one. */
  readonly next: number;
}

/** What waits, in the order of its time, and then of its number. */
export class Timers {
  #waiting: RoomTimer[];
  #next: number;
  /** Whether the list is also in a state that somebody has. */
  #isShared = false;

  constructor({ waiting, next }: TimersState = { waiting: [], next: 1 }) {
    this.#waiting = [...waiting];
    this.#next = next;
  }

  /** What waits now, to come back to. */
  get state(): TimersState {
    this.#isShared = true;
    return { waiting: this.#waiting, next: this.#next };
  }

  set state({ waiting, next }: TimersState) {
    this.#waiting = [...waiting];
    this.#isShared = false;
    this.#next = next;
  }

  /** When the first one is due. */
  get due(): number | undefined {
    return this.#waiting[0]?.due;
  }

  /** Takes out what is due. */
  take(now: number): readonly RoomTimer[] {
    const first = this.#waiting.findIndex(({ due }) => due > now);
    const count = first === -1 ? this.#waiting.length : first;
    if (count === 0) return NONE;
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#isShared = false;
    return taken;
  }

  /** @throws {RoomFault} `too_many_timers` */
  add(due: number, name: string, argument: string | undefined): void {
    if (this.#waiting.length >= MOST_TIMERS)
      throw fault(
        "too_many_timers",
        `${MOST_TIMERS} timers are waiting; one for many things is cheaper than one for each`,
      );
    if (this.#isShared) this.#waiting = [...this.#waiting];
    this.#isShared = false;
    const timer: RoomTimer = { number: this.#next++, due, name, argument };
    const waiting = this.#waiting;
    let [low, high] = [0, waiting.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((waiting[middle]?.due ?? 0) > due) high = middle;
      else low = middle + 1;
    }
    waiting.splice(low, 0, timer);
  }

  /** Takes one out that is not to be called again. */
  drop(number: number): void {
    this.#waiting = this.#waiting.filter((timer) => timer.number !== number);
    this.#isShared = false;
  }
}

const NONE: readonly RoomTimer[] = [];
