import type { Subscriber } from "../delivery/audience.js";
import type { Cursor } from "../../protocol/index.js";
import type { Cut } from "../kinds/kind.js";

/**
 * `taken`: it stands where it stands now. `full`: there is no room for it. `gone`: the cut has nothing for it any more.
 * `held`: no message of several parts is begun on its connection, which is about to end.
 */
export type Sent = "taken" | "full" | "gone" | "held";

/** Sends a subscriber the next chunk of a cut that is for where it stands. One in the middle of this message goes on with it. */
export function sendNext(subscriber: Subscriber, cut: Cut): Sent {
  const { out, progress } = subscriber;
  const { pages, end } = cut;
  const goesOn = progress !== undefined && pages > 1 && isSame(progress.end, end);
  const index = goesOn ? progress.next : 0;
  if (pages > 1 && !goesOn && !out.mayBegin) {
    subscriber.leaveMessage();
    return "held";
  }
  const chunk = cut.page(index);
  if (chunk === undefined) return "gone";
  if (!subscriber.way.offer(chunk, goesOn)) return "full";
  // Anything else takes the place of what it was in the middle of.
  if (!goesOn) subscriber.leaveMessage();
  if (index + 1 < pages) {
    if (!goesOn) out.begun();
    subscriber.progress = { end, next: index + 1 };
    // Its own name of the epoch may be an earlier one.
    subscriber.cursor = cut.from;
  } else {
    subscriber.cursor = end;
    subscriber.leaveMessage();
  }
  return "taken";
}

function isSame(one: Cursor, other: Cursor): boolean {
  return one.offset === other.offset && one.epoch === other.epoch;
}
