import type { Follower } from "../../broker/index.js";
import type { Cursor, StartAt } from "../../protocol/index.js";
import type { Audience, Subscriber } from "../delivery/audience.js";

/** What comes on one channel, and who gets it. */
export interface ChannelFeed extends Pick<Follower, "onEntries" | "onSignals"> {
  readonly audience: Audience;
  /** Where a subscription begins that does not say it, at this moment; `undefined` where places have no name. */
  readonly beginning: Cursor | undefined;
  /** Finds out where the channel is; it must be followed already. Rejects with the broker's error; the feed is then of no use. */
  open(): Promise<void>;
  /** Where a subscription begins. Rejects with the broker's error. */
  start(wanted: StartAt): Start | Promise<Start>;
  /** Begins delivery from the subscriber's cursor, which may be anywhere. */
  add(subscriber: Subscriber): void;
  /** Compares with the broker: something may have been lost. */
  check(): void;
  close(): void;
}

/** Where a subscription begins; without a cursor at the feed's `beginning`, wherever that is when it begins. */
export interface Start {
  readonly cursor?: Cursor;
  /** Whether everything that was asked for is still there; missing where nothing was asked for. */
  readonly complete?: boolean;
}

/** At the feed's `beginning`. */
export const AT_BEGINNING: Start = {};
