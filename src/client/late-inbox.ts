import type { Chunks } from "./chunks.js";
import { TidemarkError, messageOf } from "./errors.js";
import type { Inbox, Log } from "./inbox.js";
import type { Message } from "./message.js";
import type { Gap } from "./sink.js";

/**
 * An inbox whose code is loaded with the first loop. What comes before it is there waits here, within the inbox's own bounds. Where
 * it cannot be loaded the loop throws `unavailable`.
 *
 * @param limit how many messages wait at most
 * @param log where there is none, the oldest messages go
 */
export function createLateInbox(
  load: Chunks["inbox"],
  limit: number,
  log: Log | undefined,
  onReturn: (inbox: Inbox) => void,
): Inbox {
  let inbox: Inbox | undefined;
  let held: (Message | Gap)[] = [];
  /** How many of them are messages. */
  let count = 0;
  let over: [error?: TidemarkError | undefined] | undefined;

  async function begin(): Promise<Inbox> {
    const { createInbox } = await load().catch((cause: unknown) => {
      held = [];
      throw failed("unavailable", "the code for loops cannot be loaded", cause);
    });
    inbox = createInbox(limit, log, failed);
    for (const item of held) {
      if ("until" in item) inbox.gap(item);
      else inbox.push(item);
    }
    held = [];
    if (over) inbox.end(...over);
    return inbox;
  }

  const loading = begin();
  // Whoever takes from it is told.
  loading.catch(() => {});

  const late: Inbox = {
    push(message) {
      if (inbox) inbox.push(message);
      // One more than it holds, so that it knows that it is behind; what follows is in the log.
      else if (!log || count++ <= limit) held.push(message);
      if (!log && held.length > limit) held.shift();
    },
    gap(gap) {
      if (inbox) inbox.gap(gap);
      else held.push(gap);
    },
    end(error) {
      over ??= [error];
      inbox?.end(error);
    },
    next: () => loading.then((ready) => ready.next()),
    return() {
      held = [];
      late.end();
      onReturn(late);
      return inbox?.return?.() ?? Promise.resolve({ done: true, value: undefined });
    },
  };
  return late;
}

function failed(code: "overflow" | "unavailable", what: string, cause: unknown): TidemarkError {
  return new TidemarkError(code, `${what}: ${messageOf(cause)}`, { cause });
}
