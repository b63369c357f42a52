import type { Clock, Random } from "../protocol/index.js";
import { Alarm } from "./alarm.js";
import { TidemarkError } from "./errors.js";
import { Lane, type Publish, type Published } from "./lane.js";
import { elapsedSince, momentOf } from "./moment.js";
import type { Settings } from "./options.js";
import type { Payload } from "./payload.js";
import type { Wire } from "./wire.js";

/** Everything that was published and is not answered yet, over all connections, within its bounds. */
export class Outbox {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #settings: Settings;
  readonly #wire: Wire;
  // A lane stays when it is empty: its numbers must never be used twice.
  readonly #lanes = new Map<string, Lane>();
  readonly #alarm: Alarm;
  #messages = 0;
  #bytes = 0;

  constructor(clock: Clock, random: Random, settings: Settings, wire: Wire) {
    this.#clock = clock;
    this.#random = random;
    this.#settings = settings;
    this.#wire = wire;
    this.#alarm = new Alarm(clock, () => this.#expire());
  }

  /** Publishes, however long it takes; resolves when it is in the log. */
  publish(channel: string, payload: Payload): Promise<Published> {
    const { messages, bytes } = this.#settings.outbox;
    if (this.#messages + 1 > messages || this.#bytes + payload.size > bytes) {
      const message = `${this.#messages} messages of ${this.#bytes} bytes wait for the server; publish less, or raise the outbox option`;
      return Promise.reject(new TidemarkError("outbox_full", message, { retry: true, channel }));
    }
    this.#messages++;
    this.#bytes += payload.size;
    return new Promise((resolve, reject) => {
      const publish: Publish = {
        payload,
        queued: momentOf(this.#clock),
        sent: undefined,
        n: 0,
        try: undefined,
        resolve,
        reject,
      };
      this.#lane(channel).add(publish);
      const { retryWindow, publishTimeout } = this.#settings;
      this.#alarm.within(Math.min(retryWindow, publishTimeout));
    });
  }

  /** Sends what there is: first what may have been lost, in the order in which it was published. */
  online(): void {
    this.#alarm.look();
    for (const lane of this.#lanes.values()) lane.pump();
  }

  down(): void {
    for (const lane of this.#lanes.values()) lane.down();
  }

  close(error: TidemarkError): void {
    this.#alarm.stop();
    for (const lane of this.#lanes.values()) lane.rejectAll(error);
  }

  #lane(channel: string): Lane {
    let lane = this.#lanes.get(channel);
    if (lane === undefined) {
      lane = new Lane({
        channel,
        clock: this.#clock,
        random: this.#random,
        backoff: this.#settings.backoff,
        wire: this.#wire,
        settled: (publish) => {
          this.#messages--;
          this.#bytes -= publish.payload.size;
        },
      });
      this.#lanes.set(channel, lane);
    }
    return lane;
  }

  /** Gives up what is too old to be sent again, and says when to look for more. */
  #expire(): number | undefined {
    let next = Infinity;
    for (const lane of this.#lanes.values()) {
      for (const publish of lane.waiting) {
        const left = this.#timeLeft(publish);
        if (left > 0) next = Math.min(next, left);
        else lane.reject(publish, this.#tooLate(publish, lane.channel));
      }
      lane.pump();
    }
    return next === Infinity ? undefined : next;
  }

  #timeLeft({ queued, sent }: Publish): number {
    const { publishTimeout, retryWindow } = this.#settings;
    const inAll = publishTimeout - elapsedSince(this.#clock, queued);
    // Not sent yet: it may be a moment from now, so its window is looked at when that has passed.
    return Math.min(inAll, sent === undefined ? retryWindow : retryWindow - elapsedSince(this.#clock, sent));
  }

  #tooLate({ sent }: Publish, channel: string): TidemarkError {
    if (sent !== undefined) {
      const message = "it was sent, but the answer did not come in the time in which a retry is safe";
      return new TidemarkError("outcome_unknown", message, { channel });
    }
    const message = "it could not be sent within publishTimeout";
    return new TidemarkError(this.#wire.open ? "timeout" : "offline", message, { retry: true, channel });
  }
}
