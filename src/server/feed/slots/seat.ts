import type { Cursor } from "../../../protocol/index.js";
import type { Subscriber } from "../../delivery/audience.js";
import type { Tally } from "../../kinds/slots-kind.js";
import type { SharedCut } from "./cuts.js";
import type { Lane } from "./lane.js";
import type { Standing } from "./standing.js";

/** A subscriber's place in its channel. */
export interface Seat extends Standing {
  readonly subscriber: Subscriber;
  lane: Lane;
  toldAt: number;
  tally: Tally | undefined;
  /** It is told nothing before this, on the monotonic clock: it was told enough at the rate that it had. */
  notBefore: number;
  /** What it is being sent. */
  sending: SharedCut | undefined;
  /** Whether it has had all there is: at the beginning of the log one stands before that and after it. */
  isServed: boolean;
  /** Up to where it has seen something of the channel, while it is still to be told all that there is: what comes is no older. */
  seen: Cursor | undefined;
  /** Which call of the replica's `check` was about its cursor, which this node does not know. */
  check: number | undefined;
  /** Whether it goes on by itself when there is room. */
  waitsForRoom: boolean;
}

export function seatOf(subscriber: Subscriber, lane: Lane, seen: Cursor | undefined): Seat {
  return {
    subscriber,
    lane,
    toldAt: -Infinity,
    tally: undefined,
    notBefore: -Infinity,
    sending: undefined,
    isServed: false,
    seen,
    check: undefined,
    waitsForRoom: false,
  };
}
