/** One connection's dealings with one channel: its subscription, and the order of its publishes. */
import type { ActiveChannel } from "../feed/active-channel.js";
import type { Subscriber } from "../feed/subscriber.js";
import { Lane } from "./lane.js";

/** Joined on subscribing, left on unsubscribing or when the connection ends. */
export interface Membership {
  readonly id: string;
  readonly instance: string;
  readonly grace: number;
}

export interface Subscription {
  readonly active: ActiveChannel;
  readonly subscriber: Subscriber;
  readonly membership: Membership | undefined;
}

export class ChannelSession {
  /** Subscribe, unsubscribe and publish of one channel happen in the order in which they came. */
  readonly lane = new Lane();
  /** `undefined`: not subscribed, `"opening"`: on the way. */
  subscription: Subscription | "opening" | undefined;
  /**
   * Publishes that are on their way share a gate. When one of them fails retryably it is shut: the later ones fail
   * too, so that a retry cannot overtake. A publish that nothing is unanswered before opens a new one.
   */
  gate: { shutBy: number | string | undefined; shut: boolean } = { shut: false, shutBy: undefined };

  get idle(): boolean {
    return this.subscription === undefined && !this.lane.busy && !this.gate.shut;
  }
}
