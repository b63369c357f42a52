/** Loaded when it is needed, with what needs it. */
import type { Clock, Timer } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { TidemarkError } from "./errors.js";
import type { Message } from "./message.js";
import type { History } from "./history.js";

/** Reads a log in pages, as often as that can help, until it is stopped. */
export interface LogReader {
  /** Rejects with the error where trying again is no use, and with {@link STOPPED}. */
  readonly read: (options: object) => Promise<History<unknown>>;
  readonly stop: () => void;
}

export const STOPPED = new Error("stopped");

/**
 * @param once reads a page once
 * @param backoff makes the delays between the tries of one page
 */
export function createLogReader(
  once: (options: object) => Promise<History<unknown>>,
  clock: Clock,
  backoff: () => Backoff,
): LogReader {
  let stopped = false;
  let timer: Timer;
  return {
    async read(options) {
      const delays = backoff();
      for (;;) {
        const page = await once(options).catch((error: TidemarkError) => error);
        if (stopped) throw STOPPED;
        if ("messages" in page) return page;
        if (!page.retry) throw page;
        await new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, delays.next())));
      }
    },
    stop() {
      stopped = true;
      clock.clearTimeout(timer);
    },
  };
}

/** The newest messages of a log, oldest first. */
export interface Newest {
  readonly found: readonly Message[];
  /** Whether these are as many as were asked for, or all that there ever were. */
  readonly complete: boolean;
  /** Whether they are the first of the log. */
  readonly whole: boolean;
}

/** Reads up to `count` messages back, in as many pages as it takes. */
export async function readNewest(log: LogReader, count: number): Promise<Newest> {
  let found: readonly Message[] = [];
  let page: History<unknown>;
  let left = count;
  do {
    page = await log.read({ limit: left, ...(found[0] && { before: found[0].offset }) });
    found = [...page.messages, ...found];
    left = count - found.length;
  } while (left > 0 && page.more && page.messages.length > 0);
  return { found, complete: left <= 0 || page.complete, whole: left > 0 && page.complete };
}
