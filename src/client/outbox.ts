import { canonicalName } from "../protocol/index.js";
import { createAlarm } from "./alarm.js";
import type { Core } from "./core.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type ChannelOutbox, type Publish, createChannelOutbox } from "./channel-outbox.js";
import { elapsedSince, momentOf } from "./moment.js";
import type { Payload } from "./payload.js";
import type { Published } from "./published.js";
import type { Answer } from "./wire.js";

/** Everything that was published and is not answered yet, over all connections, within its bounds. */
export interface Outbox {
  /** Publishes, however long it takes; resolves when it is in the log. */
  readonly publish: (channel: string, payload: Payload, n: number) => Promise<Published>;
  /** Publishes where there is nothing to retry with: now or not at all, to those who are there. It is not kept here. */
  readonly send: (channel: string, payload: Payload) => Promise<Published>;
  /** The next publish's number in this channel. */
  readonly number: (channel: string) => number;
  /** Sends what there is: first what may have been lost, in the order in which it was published. */
  readonly online: () => void;
  readonly down: () => void;
  readonly close: (error: TidemarkError) => void;
}

/** Less than the dedupe window by this much, so that the server still knows what the client retries. In milliseconds. */
const DEDUPE_MARGIN = 30_000;

export function createOutbox(core: Core): Outbox {
  const { clock, settings, wire } = core;
  const { outbox, dedupeWindow, publishTimeout } = settings;
  /** How long after its first sending a publish may be sent again. */
  const retryWindow = dedupeWindow - DEDUPE_MARGIN;
  // By each spelling of the channel's name that was used, so that publishing costs one look-up. One stays when it is
  // empty: its numbers must never be used twice.
  const queues = new Map<string, ChannelOutbox>();
  const alarm = createAlarm(clock, expire);
  let messages = 0;
  let bytes = 0;

  function queueOf(channel: string): ChannelOutbox {
    let queue = queues.get(channel);
    if (!queue) {
      const key = canonicalName(channel);
      queue =
        queues.get(key) ??
        createChannelOutbox(core, channel, ({ payload }) => {
          messages--;
          bytes -= payload.size;
        });
      queues.set(key, queue).set(channel, queue);
    }
    return queue;
  }

  /** Gives up what is too old to be sent again, and says when to look for more. */
  function expire(): number | undefined {
    let next = Infinity;
    for (const queue of queues.values()) {
      for (const publish of queue.waiting()) {
        const left = timeLeft(publish);
        if (left > 0) next = Math.min(next, left);
        else queue.reject(publish, tooLate(publish, queue.channel));
      }
      queue.pump();
    }
    return next === Infinity ? undefined : next;
  }

  function timeLeft({ since, sent }: Publish): number {
    // Not sent yet: it may be a moment from now, so its window is looked at when that has passed.
    const tried = sent === undefined ? 0 : elapsedSince(clock, sent);
    return Math.min(publishTimeout - elapsedSince(clock, since), retryWindow - tried);
  }

  function tooLate({ sent }: Publish, channel: string): TidemarkError {
    if (sent !== undefined) {
      const message = "it was sent, and not answered while a retry was safe";
      return new TidemarkError("outcome_unknown", message, { channel });
    }
    const code = wire.open ? "timeout" : "offline";
    return new TidemarkError(code, "it was not sent within publishTimeout", { retry: true, channel });
  }

  return {
    number: (channel) => queueOf(channel).number(),
    publish(channel, payload, n) {
      if (messages >= outbox.messages || bytes + payload.size > outbox.bytes) {
        const message = `${messages} messages of ${bytes} bytes wait; see the outbox option`;
        // What is larger than all there may be has no room later either.
        const retry = payload.size <= outbox.bytes;
        return Promise.reject(new TidemarkError("outbox_full", message, { retry, channel }));
      }
      messages++;
      bytes += payload.size;
      return new Promise((resolve, reject) => {
        queueOf(channel).add({ payload, n, since: momentOf(clock), resolve, reject });
        alarm.within(Math.min(retryWindow, publishTimeout));
      });
    },
    send(channel, payload) {
      return new Promise((resolve, reject) => {
        // Where there is no log, bytes have the limit of JSON.
        const problem = wire.open
          ? wire.tooLarge(payload.size, {})
          : new TidemarkError("offline", "there is no connection", { retry: true, channel });
        const answer: Answer = (error) =>
          !error ? resolve({ offset: 0 }) : reject(fromReply(error, channel));
        if (problem) reject(problem);
        else wire.publish(channel, payload, "", answer);
      });
    },
    online: alarm.look,
    down() {
      for (const queue of queues.values()) queue.down();
    },
    close(error) {
      alarm.stop();
      for (const queue of queues.values())
        for (const publish of queue.waiting()) queue.reject(publish, error);
    },
  };
}
