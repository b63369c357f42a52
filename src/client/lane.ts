import type { Clock, ErrorBody, Random, Timer } from "../protocol/index.js";
import { Backoff, type BackoffBounds } from "./backoff.js";
import { type TidemarkError, fromReply } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import type { Payload } from "./payload.js";
import type { Wire } from "./wire.js";

/** The place that a message got. */
export interface Published {
  /** Its offset in the channel's log, the same that subscribers see. */
  readonly offset: number;
}

/** One message on its way. */
export interface Publish {
  readonly payload: Payload;
  readonly queued: Moment;
  /** When it was first sent; `undefined` before. */
  sent: Moment | undefined;
  /** Its number in the channel, given when it is first sent. */
  n: number;
  /** The try that is on its way now; `undefined` when it has to be sent (again). */
  try: object | undefined;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: TidemarkError) => void;
}

interface LaneHost {
  readonly channel: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: BackoffBounds;
  readonly wire: Wire;
  /** This one is done, one way or the other. */
  settled(publish: Publish): void;
}

/** So many may be unanswered on a channel; a server remembers 256 for telling retries. */
const MAX_SENT = 200;

/**
 * One channel's publishes, in order. Those that are on their way stand before those that wait; when one has to be
 * sent again, so do all after it, because the order in which they enter the log is the order in which they were published.
 */
export class Lane {
  readonly #host: LaneHost;
  readonly #backoff: Backoff;
  #publishes: Publish[] = [];
  /** How many, from the first, are on their way. */
  #sent = 0;
  #lastNumber = 0;
  /** Set while the server has asked for patience. */
  #pause: Timer | undefined;

  constructor(host: LaneHost) {
    this.#host = host;
    this.#backoff = new Backoff(host.backoff, host.random);
  }

  get channel(): string {
    return this.#host.channel;
  }

  /** Everything unanswered, oldest first, as it is now. */
  get waiting(): readonly Publish[] {
    return [...this.#publishes];
  }

  add(publish: Publish): void {
    this.#publishes.push(publish);
    this.pump();
  }

  /** Sends what may be sent now. */
  pump(): void {
    while (this.#host.wire.open && this.#pause === undefined && this.#sent < MAX_SENT) {
      const next = this.#publishes[this.#sent];
      if (next === undefined) return;
      this.#send(next, this.#sent === 0);
      this.#sent++;
    }
  }

  #send(publish: Publish, first: boolean): void {
    const { clock, wire, channel } = this.#host;
    let marks = first ? ',"first":true' : "";
    if (publish.sent === undefined) {
      publish.sent = momentOf(clock);
      publish.n = ++this.#lastNumber;
    } else {
      marks += `,"age":${Math.ceil(elapsedSince(clock, publish.sent))}`;
    }
    const attempt = (publish.try = {});
    const body = `"publish":${JSON.stringify(channel)},${publish.payload.body},"idem":${publish.n}${marks}`;
    const reply = {
      // Good news counts from whichever try, bad news only from the latest.
      ok: (result: unknown) => this.#done(publish, result as Published),
      error: (error: ErrorBody) => {
        if (publish.try === attempt) this.#failed(publish, error);
      },
      lost: () => {},
    };
    wire.request(body, reply, publish.payload.bytes);
  }

  #done(publish: Publish, result: Published): void {
    if (!this.#remove(publish)) return;
    this.#backoff.reset();
    publish.resolve({ offset: result.offset });
    this.pump();
  }

  #failed(publish: Publish, error: ErrorBody): void {
    if (!error.retry) {
      this.reject(publish, fromReply(error, this.channel));
      this.pump();
      return;
    }
    this.#rewind(this.#publishes.indexOf(publish));
    this.#pause = this.#host.clock.setTimeout(() => {
      this.#pause = undefined;
      this.pump();
    }, error.after ?? this.#backoff.next());
  }

  /** The one at `index` and all after it are to be sent again. */
  #rewind(index: number): void {
    for (const publish of this.#publishes.slice(index, this.#sent)) publish.try = undefined;
    this.#sent = index;
    this.#resume();
  }

  #resume(): void {
    if (this.#pause !== undefined) this.#host.clock.clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  /** The connection is gone, and with it all that was on its way. */
  down(): void {
    this.#rewind(0);
  }

  reject(publish: Publish, error: TidemarkError): void {
    if (this.#remove(publish)) publish.reject(error);
  }

  rejectAll(error: TidemarkError): void {
    this.#resume();
    for (const publish of this.waiting) this.reject(publish, error);
  }

  #remove(publish: Publish): boolean {
    const index = this.#publishes.indexOf(publish);
    if (index < 0) return false;
    this.#publishes.splice(index, 1);
    if (index < this.#sent) this.#sent--;
    this.#host.settled(publish);
    return true;
  }
}
