/** Above this share of the time that is spent in ticks a node takes no more rooms. */
const MOST_BUSY = 0.7;
/** How much of the newest second counts. */
const WEIGHT = 0.5;

/** How much of its time a node spends in the ticks of its rooms: smoothed over some seconds, in milliseconds a second. */
export class TickLoad {
  #since: number;
  #spent = 0;
  #perSecond = 0;

  constructor(now: number) {
    this.#since = now;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  get isBusy(): boolean {
    return this.#perSecond > MOST_BUSY * 1000;
  }

  add(ms: number): void {
    this.#spent += ms;
  }

  /** To be called about once a second. */
  turn(now: number): void {
    const passed = now - this.#since;
    if (passed <= 0) return;
    this.#perSecond += WEIGHT * ((this.#spent * 1000) / passed - this.#perSecond);
    this.#spent = 0;
    this.#since = now;
  }
}
