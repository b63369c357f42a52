import type { Clock } from "../protocol/index.js";
import { createAlarm } from "./alarm.js";
import { elapsedSince, momentOf } from "./moment.js";

/** Notices that a server is not there any more, and that this machine was not. */
export interface Silence {
  /** There is a connection, whose server says something every `ping` milliseconds. */
  readonly begin: (ping: number) => void;
  readonly heard: () => void;
  /** The server may be gone: it is asked to say something, and soon. */
  readonly doubt: () => void;
  readonly stop: () => void;
}

/** A server that says something every `ping` milliseconds is dead when it has said nothing for this much longer. */
const BEYOND_PING = 10_000;
/** Before giving up, once more: a page that was frozen finds its timers due before it sees what has arrived. */
const LAST_LOOK = 1000;
/** How long a server may take to answer when it is asked whether it is there. */
const PROBE_MS = 5000;
/** How often to look at the clock. When that comes much later, this machine has slept, or its page was frozen. */
const TICK = 5000;

/**
 * @param ask has the server say something
 * @param dead is called once when it does not
 */
export function createSilence(clock: Clock, ask: () => void, dead: () => void): Silence {
  const alarm = createAlarm(clock, check);
  let looked = momentOf(clock);
  let last = looked;
  let longest = Infinity;
  /** How much of that is left to it; less when it was asked to say something. */
  let patience = Infinity;
  let suspect = false;

  function check(): number | undefined {
    if (elapsedSince(clock, looked) > 2 * TICK) hurry();
    looked = momentOf(clock);
    const left = patience - elapsedSince(clock, last);
    if (left > LAST_LOOK) return Math.min(left - LAST_LOOK, TICK);
    if (!suspect) {
      suspect = true;
      return LAST_LOOK;
    }
    if (left > 0) return left;
    dead();
    return undefined;
  }

  function hurry(): void {
    looked = momentOf(clock);
    patience = Math.min(longest, elapsedSince(clock, last) + PROBE_MS);
    ask();
  }

  function heard(): void {
    last = momentOf(clock);
    patience = longest;
    suspect = false;
  }

  return {
    begin(ping) {
      longest = ping + BEYOND_PING;
      looked = momentOf(clock);
      heard();
      alarm.look();
    },
    heard,
    doubt() {
      hurry();
      alarm.look();
    },
    stop: alarm.stop,
  };
}
