import type { Chunks } from "./chunks.js";
import { TidemarkError, messageOf } from "./errors.js";
import type { Inbox, Log } from "./inbox.js";

/** What waits while the code is loaded, besides as many messages as an inbox holds: enough to know by then that it is behind. */
const MORE = 1000;

/**
 * An inbox whose code is loaded with the first loop; what comes before it is there is told to it then. Where it cannot be loaded the
 * loop throws `unavailable`.
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
  const held: ((inbox: Inbox) => void)[] = [];

  const loading = load().then(
    ({ createInbox }) => {
      inbox = createInbox(limit, log, TidemarkError, messageOf);
      for (const act of held.splice(0)) act(inbox);
      return inbox;
    },
    (cause: unknown) => {
      throw new TidemarkError("unavailable", messageOf(cause), { cause });
    },
  );
  // Whoever takes from it is told.
  loading.catch(() => {});

  function tell(act: (inbox: Inbox) => void): void {
    if (inbox) act(inbox);
    else held.push(act);
  }

  const late: Inbox = {
    push(message) {
      // Of a log, what does not fit is read from there.
      if (held.length < limit + MORE || (!log && held.shift())) tell((ready) => ready.push(message));
    },
    gap: (gap) => tell((ready) => ready.gap(gap)),
    end: (error) => tell((ready) => ready.end(error)),
    next: () => loading.then((ready) => ready.next()),
    return() {
      onReturn(late);
      tell((ready) => void ready.return?.());
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return late;
}
