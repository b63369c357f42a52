import type { Sink, Subscribed } from "./sink.js";

/** The handles on one subscription. */
export interface Sinks {
  /** Replaced, never changed, so that handles may come and go while they are being told something. */
  all: readonly Sink[];
  readonly add: (sink: Sink) => void;
  readonly remove: (sink: Sink) => void;
  readonly tell: Sink["tell"];
  /** Tells that the subscription is on: all who have not been told it, and the others unless it is on as before (`kept`). */
  readonly subscribed: (how: Subscribed, kept: boolean) => void;
  /** Tells a handle that came when the subscription was on already. */
  readonly welcome: (sink: Sink) => void;
}

export function createSinks(): Sinks {
  /** Those that have not been told that the subscription is on. */
  const fresh = new Set<Sink>();
  const sinks: Sinks = {
    all: [],
    add(sink) {
      sinks.all = [...sinks.all, sink];
      fresh.add(sink);
    },
    remove(sink) {
      fresh.delete(sink);
      sinks.all = sinks.all.filter((other) => other !== sink);
    },
    tell(about, value) {
      for (const sink of sinks.all) sink.tell(about, value);
    },
    subscribed({ resumed, complete }, kept) {
      for (const sink of sinks.all) {
        const first = fresh.delete(sink);
        if (first || !kept) sink.tell("subscribed", { resumed: resumed && !first, complete });
      }
    },
    welcome(sink) {
      if (fresh.delete(sink)) sink.tell("subscribed", { resumed: false, complete: true });
    },
  };
  return sinks;
}
