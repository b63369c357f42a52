/**
 * Members on their way out. A leave that the broker did not confirm is said again until the broker does: nobody else would,
 * since the lease that would end it is the whole node's, and the node goes on.
 */
import { BrokerError, type Broker } from "../../../broker/index.js";
import type { Clock } from "../../../protocol/index.js";
import type { Logger } from "../../logger.js";

interface PresenceLeave {
  readonly channel: string;
  readonly id: string;
  readonly instance: string;
  readonly grace: number;
}

/** How long after a failure all that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

export class PresenceLeaves {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #log: Logger;
  #failed: PresenceLeave[] = [];
  #closed = false;

  constructor(broker: Broker, clock: Clock, log: Logger) {
    this.#broker = broker;
    this.#clock = clock;
    this.#log = log;
  }

  /** Takes an instance off a channel, however long it takes. An instance that has left never comes back. */
  say(leave: PresenceLeave): void {
    const { channel } = leave;
    this.#leave(leave).catch((error: unknown) => {
      // A broker that was let go of has let go of the members.
      if (this.#closed || (error instanceof BrokerError && error.code === "closed")) return;
      this.#log.warn({ channel, error }, "leaving a channel failed; it is tried again");
      if (this.#failed.push(leave) === 1) this.#clock.setTimeout(() => this.#again(), RETRY_MS);
    });
  }

  async #leave({ channel, id, instance, grace }: PresenceLeave): Promise<void> {
    await this.#broker.leave(channel, id, instance, grace);
  }

  close(): void {
    this.#closed = true;
    this.#failed = [];
  }

  #again(): void {
    const failed = this.#failed;
    this.#failed = [];
    for (const leave of failed) this.say(leave);
  }
}
