import type { Clock } from "../../../../protocol/index.js";
import type { Desk } from "./desk.js";
import type { Taken } from "./takeover.js";

/** How long after a takeover players whose nodes have not told of them are taken to be away, in milliseconds. */
export const TOLD_MS = 2000;
/** How long after a loss of data those who had a seat go before newcomers, in milliseconds. */
export const REST_MS = 1000;

/**
 * What a room's desk does in the first seconds of a reign: it tells the room who came and went, and has those who may have lost a seat go first.
 * Returns the way to stop.
 */
export function openDesk(
  desk: Desk,
  clock: Clock,
  { run, isKept, isAfterLoss, entering }: Pick<Taken, "run" | "isKept" | "isAfterLoss" | "entering">,
): () => void {
  const told = clock.setTimeout(() => desk.awayUnlessTold(run), TOLD_MS);
  desk.enter(entering);
  if (isKept) desk.sendLate();
  else if (isAfterLoss) desk.rest();
  // Always: it may rest since a reign before, which has ended meanwhile.
  const rest = clock.setTimeout(() => desk.endRest(), REST_MS);
  return () => {
    clock.clearTimeout(told);
    clock.clearTimeout(rest);
  };
}
