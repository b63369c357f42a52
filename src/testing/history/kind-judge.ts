/** What every kind of channel has: somebody who judges what happens on the channels of that kind. */
import type {
  LogEvent,
  PageEvent,
  PublisherEvent,
  SignalEvent,
  StateEvent,
  SubscriberEvent,
} from "./events.js";
import type { Findings } from "./findings.js";

/** What happens on one channel, whatever its kind. Who is there is judged for all kinds alike. */
export type ChannelEvent = LogEvent | PublisherEvent | SubscriberEvent | PageEvent | SignalEvent | StateEvent;

/** Judges all channels of one kind: what is kept of them, those who publish to them and those who follow them. */
export interface KindJudge {
  /** Something happened on a channel of this kind. To a subscriber only between its `open` and its `close`. */
  on(event: ChannelEvent): void;
  /** No fault has happened in this history. */
  calm(): void;
  /** Faults have stopped for long enough: every subscriber must have all there is, every publish its answer. */
  quiet(final: boolean): void;
  /** Nothing more comes: what only the whole history can tell is told. */
  end(): void;
}

/** A kind of channel, as a history tells of it. */
export interface Kind {
  /** Whether a channel of which nothing is known but this event is of this kind. */
  begins(event: ChannelEvent): boolean;
  judge(findings: Findings): KindJudge;
}
