import type { Change, Follower } from "../../broker/index.js";
import type { Cursor, SlotFilter, SubscribeOptions } from "../../protocol/index.js";
import type { Subscriber } from "../delivery/audience.js";
import type { View } from "../kinds/slots-kind.js";
import type { RoomPart } from "./room-part.js";
import type { Rate } from "./slots/rates.js";

/** Those who are subscribed to one channel on this node. */
export interface Subscribers extends Iterable<Subscriber> {
  readonly size: number;
  delete(subscriber: Subscriber): void;
}

/** What comes on one channel, and who gets it. */
export interface ChannelFeed extends Pick<Follower, "onEntries" | "onSignals" | "onChanges"> {
  readonly audience: Subscribers;
  /** Where a subscription begins that does not say it, at this moment; `undefined` where places have no name. */
  readonly beginning: Cursor | undefined;
  /** Finds out where the channel is; it must be followed already. Rejects with the broker's error; the feed is then of no use. */
  open(): Promise<void>;
  /** Where a subscription begins. Rejects with the broker's error. */
  start(wanted: SubscribeOptions): Start | Promise<Start>;
  /** Begins delivery from the subscriber's cursor, which may be anywhere. */
  add(subscriber: Subscriber, start: Start): void;
  /**
   * From here on a subscriber is told something as often as that, in messages a second: 0 for not at all, `undefined` as it comes.
   * Gives the class that this is. Absent where there is no such thing.
   */
  tune?(subscriber: Subscriber, wanted: number | undefined): Rate;
  /**
   * Where the channel is kept by slots: what it holds, with all that the broker had acknowledged before this call. Rejects with the
   * broker's error.
   */
  snapshot?(filter: SlotFilter): Promise<Snapshot>;
  /** Where the channel is a room: what there is for those who play. */
  readonly room?: RoomPart;
  /** Compares with the broker: something may have been lost. */
  check(): void;
  close(): void;
}

/** What slots hold, all of it at one moment. It never changes. */
export interface Snapshot {
  readonly cursor: Cursor;
  /** Of each slot that holds something; in the order of last change. */
  readonly slots: readonly Pick<Change, "slot" | "data">[];
}

/** Where a subscription begins; without a cursor at the feed's `beginning`, wherever that is when it begins. */
export interface Start {
  readonly cursor?: Cursor;
  /** How far one has seen another part of the channel who begins: what comes is of there or later. */
  readonly seen?: Cursor;
  /** Whether everything that was asked for is still there; missing where nothing was asked for. */
  readonly complete?: boolean;
  /** What of the channel is seen, and how often; missing where that is all of it. */
  readonly as?: { readonly view: View; readonly rate: Rate };
}

/** At the feed's `beginning`. */
export const AT_BEGINNING: Start = {};
