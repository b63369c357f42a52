import type { Clock } from "../../protocol/index.js";

/** How long a connection has to have stood before silence means anything, in milliseconds: as long as a lease. */
const LEASE_MS = 5000;

/**
 * Since when this node's connection to the broker has stood, as far as its channels were told. What nobody has renewed meanwhile may
 * have been renewed by somebody who did not get through.
 */
export class BrokerContact {
  readonly #clock: Clock;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonic();
  }

  /** It was cut, or reset, or does not answer. */
  cut(): void {
    this.#since = this.#clock.monotonic();
  }

  /** Whether it has stood for a lease. */
  get stands(): boolean {
    return this.wait === 0;
  }

  /** Milliseconds until it has. */
  get wait(): number {
    return Math.max(0, this.#since + LEASE_MS - this.#clock.monotonic());
  }
}
