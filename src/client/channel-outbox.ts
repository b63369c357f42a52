import type { ErrorBody } from "../protocol/index.js";
import { createBackoff } from "./backoff.js";
import type { Core } from "./core.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import { createPace } from "./pace.js";
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

/** @param settled is told of each publish that is done, one way or the other */
export function createChannelOutbox(
  { clock, random, settings, wire }: Core,
  channel: string,
  settled: (publish: Publish) => void,
): ChannelOutbox {
  const pace = createPace(clock, createBackoff(settings.backoff, random), pump);
  const publishes: Publish[] = [];
  /** How many, from the first, are on their way. */
  let sent = 0;
  let lastNumber = 0;

  function pump(): void {
    while (pace.room(sent)) {
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
    const problem = wire.tooLarge(payload.size, wire.limits.message);
    return before && problem ? new TidemarkError("outcome_unknown", problem.message, { channel }) : problem;
  }

  function send(publish: Publish, first: boolean): void {
    let marks = first ? ',"first":true' : "";
    if (publish.sent === undefined) {
      publish.sent = momentOf(clock);
    } else {
      marks += `,"age":${Math.ceil(elapsedSince(clock, publish.sent))}`;
    }
    const attempt = (publish.try = {});
    const { body, bytes } = publish.payload;
    wire.request(
      `"publish":${JSON.stringify(channel)},${body},"idem":${publish.n}${marks}`,
      (error, result) => {
        // Good news counts from whichever try, bad news only from the latest.
        if (!error) done(publish, result as Published);
        else if (publish.try === attempt) failed(publish, error);
      },
      bytes,
    );
  }

  function done(publish: Publish, { offset }: Published): void {
    if (!remove(publish)) return;
    pace.worked();
    publish.resolve({ offset });
    pump();
  }

  function failed(publish: Publish, error: ErrorBody): void {
    if (error.retry) {
      rewind(publishes.indexOf(publish));
      pace.failed(error.after);
    } else {
      reject(publish, fromReply(error, channel));
      pump();
    }
  }

  /** The one at `index` and all after it are to be sent again. */
  function rewind(index: number): void {
    for (let i = index; i < sent; i++) (publishes[i] as Publish).try = undefined;
    sent = index;
    pace.reset();
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
