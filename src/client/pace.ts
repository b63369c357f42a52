import type { Clock, Timer } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";

/** How many publishes of a channel may be unanswered, and when more may be sent: so that it suits the server. */
export interface Pace {
  /** Whether one more may be sent where so many are on their way. */
  readonly room: (sent: number) => boolean;
  readonly worked: () => void;
  /** The server could not take one. Nothing is allowed for a while; `after` is how long the server said, in milliseconds. */
  readonly failed: (after: number | undefined) => void;
  /** What the server said is of no interest any more: there is another connection. */
  readonly reset: () => void;
}

/** So many may be unanswered on a channel; a server remembers 256 for telling retries. */
const MAX_WINDOW = 200;
/** However often it fails, that is no reason to wait for longer than this, in milliseconds. */
const MAX_LEAST = 1000;

/** @param resume is called when more may be sent after a failure */
export function createPace(clock: Clock, backoff: Backoff, resume: () => void): Pace {
  /** Half as many after each failure, one more with each success. */
  let window = MAX_WINDOW;
  /** Runs while the server has asked for patience. */
  let pause: Timer;
  let paused = false;
  /** In a row. */
  let failures = 0;

  function reset(): void {
    clock.clearTimeout(pause);
    paused = false;
  }

  return {
    room: (sent) => !paused && sent < window,
    worked() {
      window = Math.min(window + 1, MAX_WINDOW);
      backoff.reset();
      failures = 0;
    },
    failed(after) {
      window = Math.ceil(window / 2);
      // A server that says the same short time again and again is asked less and less often, down to once a second.
      const least = Math.min(0.1 * 2 ** failures++, MAX_LEAST);
      reset();
      paused = true;
      pause = clock.setTimeout(
        () => {
          paused = false;
          resume();
        },
        Math.max(after ?? backoff.next(), least),
      );
    },
    reset,
  };
}
