/** How many unsent bytes connections may hold, one by one and together. */
export interface BudgetOptions {
  /** Bytes per connection. Default 128 KiB. */
  readonly perConnection: number;
  /** Bytes of all connections together, from half of which on every connection's cap shrinks. Default 256 MiB. */
  readonly total: number;
}

export const DEFAULT_BUDGET: BudgetOptions = { perConnection: 128 * 1024, total: 256 * 1024 * 1024 };

/** What a connection may always hold, however many there are: without it nobody would get anything any more. */
const FLOOR = 16 * 1024;

export class Budget {
  readonly perConnection: number;
  readonly #total: number;
  #used = 0;
  #cap: number;

  constructor(options: BudgetOptions) {
    this.perConnection = options.perConnection;
    this.#total = options.total;
    this.#cap = options.perConnection;
  }

  /** Bytes that all connections hold now. */
  get used(): number {
    return this.#used;
  }

  /** What one connection may hold now. */
  get cap(): number {
    return this.#cap;
  }

  /** Notes that somebody holds `delta` bytes more (or less). */
  add(delta: number): void {
    this.#used += delta;
    const half = this.#total / 2;
    const left = Math.max(0, this.#total - this.#used);
    this.#cap =
      this.#used <= half
        ? this.perConnection
        : Math.max(Math.min(FLOOR, this.perConnection), Math.floor((this.perConnection * left) / half));
  }
}
