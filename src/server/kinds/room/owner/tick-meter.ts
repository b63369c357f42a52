/** Ticks that were made in one turn. */
export interface TurnTaken {
  /** Milliseconds that they took together. */
  readonly ms: number;
  readonly ticks: number;
  /** How many of them began when the next one was due already, or were left out. */
  readonly late: number;
}

/** How much of it is the newest tick. */
const WEIGHT = 1 / 16;

/** How the ticks of one room keep time, for operators: in rooms without ticks, its steps. */
export class TickMeter {
  #tickTime = 0;
  #late = 0;
  #isNew = true;

  /** Milliseconds that a tick takes, smoothed over about sixteen. */
  get tickTime(): number {
    return this.#tickTime;
  }

  /** How many began when the next one was due already, or were left out. */
  get late(): number {
    return this.#late;
  }

  /** Hot: once a turn. */
  add({ ms, ticks, late }: TurnTaken): void {
    this.#late += late;
    if (ticks === 0) return;
    const each = ms / ticks;
    this.#tickTime += (this.#isNew ? 1 : WEIGHT) * (each - this.#tickTime);
    this.#isNew = false;
  }
}
