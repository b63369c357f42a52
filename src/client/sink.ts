import type { Cursor, EventFrame, Member } from "../protocol/index.js";
import type { TidemarkError } from "./errors.js";
import type { Message } from "./message.js";

/** Messages may be missing between two places of a stream. */
export interface Gap {
  /** The last offset that was certain. */
  readonly after: number;
  /** Delivery goes on behind this offset. */
  readonly until: number;
  readonly reason: Extract<EventFrame, { event: "gap" }>["reason"];
}

/** How a subscription began, or came back. */
export interface Subscribed {
  /** True when it went on from where it was before. */
  readonly resumed: boolean;
  /** False when `last` or `since` asked for messages that the log does not have any more. */
  readonly complete: boolean;
}

/** What a subscription tells its handles, besides messages and the end. */
export interface SubscriptionEvents {
  readonly gap: Gap;
  readonly subscribed: Subscribed;
  readonly members: readonly Member[];
  readonly join: readonly Member[];
  readonly leave: readonly Member[];
  readonly update: readonly Member[];
}

/** One handle on a subscription, as the subscription sees it. What it throws nobody catches. */
export interface Sink {
  /** @param before where the subscription was before it; `undefined` where there is no log */
  readonly message: (message: Message, before: Cursor | undefined) => void;
  readonly tell: <Name extends keyof SubscriptionEvents>(name: Name, value: SubscriptionEvents[Name]) => void;
  /** Something about this channel went wrong, but it goes on. */
  readonly failed: (error: TidemarkError) => void;
  /** Nothing more will come: the server refused it, the server ended it, or the client is closed. */
  readonly over: (error: TidemarkError, why: "refused" | "unsubscribed" | "closed") => void;
}
