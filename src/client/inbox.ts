/** Loaded when it is needed, and so it takes what it uses from who loads it. */
import type { TidemarkError, messageOf } from "./errors.js";
import type { Message } from "./message.js";
import type { Gap } from "./sink.js";
import type { History } from "./history.js";

/** Where an inbox reads on when it has fallen behind. */
export interface Log {
  readonly read: (after: number) => Promise<History<unknown>>;
  /** Some of what it should have read is not there any more. */
  readonly gap: (gap: Gap) => void;
}

/**
 * What waits for one `for await` loop: at most `limit` messages. A loop on a stream that is slower than that becomes
 * a cursor that lags: what is new stays in the log, and is read from there in pages when the loop gets to it.
 */
export interface Inbox extends AsyncIterator<Message, undefined> {
  readonly push: (message: Message) => void;
  /** After a gap the log goes on at `until`, which may be further back than what was seen. */
  readonly gap: (gap: Gap) => void;
  /** Nothing more will come: the loop ends, with an error or without one, when what it has is used up. */
  readonly end: (error?: TidemarkError) => void;
}

type Result = IteratorResult<Message, undefined>;

/**
 * @param log where there is none, the oldest messages go
 * @param ErrorClass what a loop throws
 * @param textOf says what to say about something that was thrown
 */
export function createInbox(
  limit: number,
  log: Log | undefined,
  ErrorClass: typeof TidemarkError,
  textOf: typeof messageOf,
): Inbox {
  let queue: Message[] = [];
  /** The last message that went into the queue. */
  let last = 0;
  let behind = false;
  let over: { readonly error: TidemarkError | undefined } | undefined;
  let wake = (): void => {};
  /** Calls of `next` are served one after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  function end(error?: TidemarkError): void {
    over ??= { error };
    wake();
  }

  async function take(): Promise<Result> {
    for (;;) {
      const value = queue.shift();
      if (value !== undefined) return { done: false, value };
      if (over) {
        const { error } = over;
        over = { error: undefined };
        if (error) throw error;
        return { done: true, value: undefined };
      }
      if (behind && log) await catchUp(log);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  async function catchUp({ read, gap }: Log): Promise<void> {
    const after = last;
    // From here on new messages wait again. What was not queued before is in the log already, so in the page.
    behind = false;
    try {
      const { messages, complete, more } = await read(after);
      if (over) return;
      const first = messages[0]?.offset ?? after + 1;
      const upTo = messages.at(-1)?.offset ?? after;
      // No messages at all: a channel that keeps nothing, and what did not fit is gone.
      if (!complete || messages.length === 0) gap({ after, until: first - 1, reason: "trimmed" });
      // With more to read, what is new stays in the log as before.
      behind ||= more;
      queue = [...messages, ...(more ? [] : queue.filter((message) => message.offset > upTo))];
      last = queue.at(-1)?.offset ?? last;
    } catch (cause) {
      queue = [];
      const message = `${limit} messages behind, and the log cannot be read: ${textOf(cause)}`;
      end(new ErrorClass("overflow", message, { cause }));
    }
  }

  return {
    push(message) {
      if (behind) return;
      if (queue.length >= limit) {
        behind = log !== undefined;
        if (behind) return;
        queue.shift();
      }
      queue.push(message);
      last = message.offset;
      wake();
    },
    gap({ until }) {
      last = Math.min(last, until);
    },
    end,
    next() {
      const result = turn.then(take);
      turn = result.catch(() => {});
      return result;
    },
    return() {
      queue = [];
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
