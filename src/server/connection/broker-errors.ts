/** What brokers say when they fail, for the operator: each kind of failure once in a while, however many clients meet it. */
import type { BrokerError } from "../../broker/index.js";
import type { Clock } from "../../protocol/index.js";
import type { Logger } from "../logger.js";

/** How long a failure that was said is not said again, in milliseconds. */
const QUIET_MS = 10_000;
/** How many kinds of failures are told apart. */
const MOST = 100;

export class BrokerErrors {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #said = new Map<string, { until: number; unsaid: number }>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  note(error: BrokerError, doing: string): void {
    const now = this.#clock.monotonic();
    const said = this.#said.get(doing);
    if (said !== undefined && now < said.until) {
      said.unsaid++;
      return;
    }
    if (this.#said.size >= MOST) this.#said.clear();
    this.#said.set(doing, { until: now + QUIET_MS, unsaid: 0 });
    this.#log.warn(
      { error, doing, more: said?.unsaid ?? 0 },
      "the broker failed, and clients were told `unavailable`",
    );
  }
}
