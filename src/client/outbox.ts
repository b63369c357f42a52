import { canonicalName } from "../protocol/index.js";
import { createAlarm } from "./alarm.js";
import type { Core } from "./core.js";
import { TidemarkError } from "./errors.js";
import { type Lane, type Publish, type Published, createLane } from "./lane.js";
import { elapsedSince, momentOf } from "./moment.js";
import type { Payload } from "./payload.js";

/** Everything that was published and is not answered yet, over all connections, within its bounds. */
export interface Outbox {
  /** Publishes, however long it takes; resolves when it is in the log. */
  readonly publish: (channel: string, payload: Payload, n: number) => Promise<Published>;
  /** The next publish's number in this channel. */
  readonly number: (channel: string) => number;
  /** Sends what there is: first what may have been lost, in the order in which it was published. */
  readonly online: () => void;
  readonly down: () => void;
  readonly close: (error: TidemarkError) => void;
}

export function createOutbox(core: Core): Outbox {
  const { clock, settings, wire } = core;
  const { outbox, retryWindow, publishTimeout } = settings;
  // By each spelling of the channel's name that was used, so that publishing costs one look-up. A lane stays when it is
  // empty: its numbers must never be used twice.
  const lanes = new Map<string, Lane>();
  const alarm = createAlarm(clock, expire);
  let messages = 0;
  let bytes = 0;

  function laneOf(channel: string): Lane {
    let lane = lanes.get(channel);
    if (!lane) {
      const key = canonicalName(channel);
      lane =
        lanes.get(key) ??
        createLane(core, channel, ({ payload }) => {
          messages--;
          bytes -= payload.size;
        });
      lanes.set(key, lane).set(channel, lane);
    }
    return lane;
  }

  /** Gives up what is too old to be sent again, and says when to look for more. */
  function expire(): number | undefined {
    let next = Infinity;
    for (const lane of lanes.values()) {
      for (const publish of lane.waiting()) {
        const left = timeLeft(publish);
        if (left > 0) next = Math.min(next, left);
        else lane.reject(publish, tooLate(publish, lane.channel));
      }
      lane.pump();
    }
    return next === Infinity ? undefined : next;
  }

  function timeLeft({ queued, sent }: Publish): number {
    // Not sent yet: it may be a moment from now, so its window is looked at when that has passed.
    const tried = sent === undefined ? 0 : elapsedSince(clock, sent);
    return Math.min(publishTimeout - elapsedSince(clock, queued), retryWindow - tried);
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
    number: (channel) => laneOf(channel).number(),
    publish(channel, payload, n) {
      if (messages >= outbox.messages || bytes + payload.size > outbox.bytes) {
        const message = `${messages} messages of ${bytes} bytes wait; see the outbox option`;
        return Promise.reject(new TidemarkError("outbox_full", message, { retry: true, channel }));
      }
      messages++;
      bytes += payload.size;
      return new Promise((resolve, reject) => {
        laneOf(channel).add({ payload, n, queued: momentOf(clock), resolve, reject });
        alarm.within(Math.min(retryWindow, publishTimeout));
      });
    },
    online: alarm.look,
    down() {
      for (const lane of lanes.values()) lane.down();
    },
    close(error) {
      alarm.stop();
      for (const lane of lanes.values()) for (const publish of lane.waiting()) lane.reject(publish, error);
    },
  };
}
