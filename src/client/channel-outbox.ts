import type { ErrorBody, Timer } from "../protocol/index.js";
import { createBackoff } from "./backoff.js";
import type { Core } from "./core.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import type { Payload } from "./payload.js";
import type { Published } from "./published.js";

/** One message on its way. */
export interface Publish {
  readonly payload: Payload;
  readonly since: Moment;
  /** When it was first sent; `undefined` before. */
  sent?: Moment;
  /** Its number in the channel. */
  readonly n: number;
  /** The try that is on its way now; `undefined` when it has to be sent (again). */
  try?: object | undefined;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: TidemarkError) => void;
}

/**
 * One channel's publishes, in order. Those that are on their way stand before those that wait; when one has to be
 * sent again, so do all after it, because the order in which they enter the log is the order in which they were published.
 */
export interface ChannelOutbox {
  readonly channel: string;
  /** Everything unanswered, oldest first, as it is now. */
  readonly waiting: () => readonly Publish[];
  /** A number that was not used before. Those of publishes that are never sent are left out. */
  readonly number: () => number;
  readonly add: (publish: Publish) => void;
  /** Sends what may be sent now. */
  readonly pump: () => void;
  /** The connection is gone, and with it all that was on its way. */
  readonly down: () => void;
  readonly reject: (publish: Publish, error: TidemarkError) => void;
}

/** So many may be unanswered on a channel; a server remembers 256 for telling retries. */
const MAX_WINDOW = 200;

/** @param settled is told of each publish that is done, one way or the other */
export function createChannelOutbox(
  { clock, random, settings, wire }: Core,
  channel: string,
  settled: (publish: Publish) => void,
): ChannelOutbox {
  const backoff = createBackoff(settings.backoff, random);
  const publishes: Publish[] = [];
  /** How many, from the first, are on their way. */
  let sent = 0;
  /** How many may be: half as many after each failure, one more with each success, so that it suits the server. */
  let window = MAX_WINDOW;
  let lastNumber = 0;
  /** Runs while the server has asked for patience. */
  let pause: Timer;
  let paused = false;
  /** In a row. */
  let failures = 0;

  function pump(): void {
    while (!paused && sent < window) {
      const next = publishes[sent];
      if (next === undefined) return;
      const problem = wire.open && tooLarge(next);
      if (problem) {
        reject(next, problem);
        continue;
      }
      if (!wire.room(next.payload)) return;
      send(next, sent === 0);
      sent++;
    }
  }

  /** Why the server would not take it. One that another server was sent may be in the log all the same. */
  function tooLarge({ payload, sent: before }: Publish): TidemarkError | undefined {
    const problem = wire.tooLarge(payload.size, payload);
    return before && problem ? new TidemarkError("outcome_unknown", problem.message, { channel }) : problem;
  }

  function send(publish: Publish, first: boolean): void {
    let marks = `,"idem":${publish.n}`;
    if (first) marks += ',"first":true';
    if (publish.sent === undefined) {
      publish.sent = momentOf(clock);
    } else {
      marks += `,"age":${Math.ceil(elapsedSince(clock, publish.sent))}`;
    }
    const attempt = (publish.try = {});
    wire.publish(channel, publish.payload, marks, (error, result) => {
      // Good news counts from whichever try, bad news only from the latest.
      if (!error) done(publish, result as Published);
      else if (publish.try === attempt) failed(publish, error);
    });
  }

  function done(publish: Publish, result: Published): void {
    if (!remove(publish)) return;
    window = Math.min(window + 1, MAX_WINDOW);
    backoff.reset();
    failures = 0;
    publish.resolve(result);
    pump();
  }

  function failed(publish: Publish, error: ErrorBody): void {
    if (error.retry) {
      rewind(publishes.indexOf(publish));
      window = Math.ceil(window / 2);
      paused = true;
      // A server that says the same short time again and again is asked less and less often, down to once a second.
      const least = Math.min(0.1 * 2 ** failures++, 1000);
      pause = clock.setTimeout(resume, Math.max(error.after ?? backoff.next(), least));
    } else {
      reject(publish, fromReply(error, channel));
      pump();
    }
  }

  /** The one at `index` and all after it are to be sent again. */
  function rewind(index: number): void {
    for (let i = index; i < sent; i++) (publishes[i] as Publish).try = undefined;
    sent = index;
    clock.clearTimeout(pause);
    paused = false;
  }

  function resume(): void {
    paused = false;
    pump();
  }

  function reject(publish: Publish, error: TidemarkError): void {
    if (remove(publish)) publish.reject(error);
  }

  function remove(publish: Publish): boolean {
    const index = publishes.indexOf(publish);
    if (index < 0) return false;
    publishes.splice(index, 1);
    if (index < sent) sent--;
    // It may have been given up while it was on its way; an error that comes now is nobody's any more.
    publish.try = undefined;
    settled(publish);
    return true;
  }

  return {
    channel,
    waiting: () => [...publishes],
    number: () => ++lastNumber,
    add(publish) {
      publishes.push(publish);
      // At once, wherever it stands.
      const problem = wire.open && tooLarge(publish);
      if (problem) reject(publish, problem);
      else pump();
    },
    pump,
    down: () => rewind(0),
    reject,
  };
}
