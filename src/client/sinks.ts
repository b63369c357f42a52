import type { Sink, Subscribed } from "./sink.js";

/**
 * Tells handles that their subscription is on: those that have not been told it, which are `fresh` until then, and the
 * others unless it is on as before (`kept`). For the former nothing is resumed.
 */
export function tellSubscribed(
  sinks: readonly Sink[],
  fresh: Set<Sink>,
  { resumed, complete }: Subscribed,
  kept: boolean,
): void {
  for (const sink of sinks) {
    const first = fresh.delete(sink);
    if (first || !kept) sink.tell("subscribed", { resumed: resumed && !first, complete });
  }
}
