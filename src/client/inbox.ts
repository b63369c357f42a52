import { TidemarkError, messageOf } from "./errors.js";
import type { Message } from "./message.js";
import type { Gap } from "./subscription.js";
import type { History } from "./types.js";

/** Where an inbox reads on when it has fallen behind. */
export interface Log {
  read(after: number): Promise<History<unknown>>;
  /** Some of what it should have read is not there any more. */
  gap(gap: Gap): void;
}

/**
 * What waits for one `for await` loop: at most `limit` messages. A loop on a stream that is slower than that becomes
 * a cursor that lags: what is new stays in the log, and is read from there in pages when the loop gets to it.
 */
export class Inbox implements AsyncIterator<Message> {
  readonly #limit: number;
  readonly #log: Log | undefined;
  readonly #onEnd: (inbox: Inbox) => void;
  #queue: Message[] = [];
  /** The last message that went into the queue. */
  #last = 0;
  #behind = false;
  #end: { readonly error: TidemarkError | undefined } | undefined;
  #wake: () => void = () => {};
  /** Calls of `next` are served one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(limit: number, log: Log | undefined, onEnd: (inbox: Inbox) => void) {
    this.#limit = limit;
    this.#log = log;
    this.#onEnd = onEnd;
  }

  push(message: Message): void {
    if (this.#behind) return;
    if (this.#queue.length >= this.#limit) {
      if (this.#log !== undefined) {
        this.#behind = true;
        return;
      }
      this.#queue.shift();
    }
    this.#queue.push(message);
    this.#last = message.offset;
    this.#wake();
  }

  /** After a gap the log goes on at `until`, which may be further back than what was seen. */
  gap({ until }: Gap): void {
    this.#last = Math.min(this.#last, until);
  }

  /** Nothing more will come: the loop ends with an error, or without one when what it has is used up. */
  end(error?: TidemarkError): void {
    this.#end ??= { error };
    this.#wake();
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const result = this.#turn.then(() => this.#take());
    this.#turn = result.catch(() => {});
    return result;
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.#queue = [];
    this.end();
    this.#onEnd(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  async #take(): Promise<IteratorResult<Message, undefined>> {
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#end !== undefined) {
        const { error } = this.#end;
        this.#end = { error: undefined };
        if (error !== undefined) throw error;
        return { done: true, value: undefined };
      }
      if (this.#behind && this.#log !== undefined) await this.#catchUp(this.#log);
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #catchUp(log: Log): Promise<void> {
    const after = this.#last;
    // From here on new messages wait again. What was not queued before is in the log already, so in the page.
    this.#behind = false;
    let page: History<unknown>;
    try {
      page = await log.read(after);
    } catch (cause) {
      const message = `the loop was more than ${this.#limit} messages behind and could not read on from the log (${messageOf(cause)}); make it faster, or its buffer larger`;
      this.#queue = [];
      this.end(new TidemarkError("overflow", message, { cause }));
      return;
    }
    if (this.#end !== undefined) return;
    const { messages, complete, more } = page;
    const first = messages[0];
    const last = messages.at(-1);
    if (first === undefined || last === undefined) {
      // A channel that keeps nothing: what did not fit is gone.
      log.gap({ after, until: after, reason: "trimmed" });
      return;
    }
    if (!complete) log.gap({ after, until: first.offset - 1, reason: "trimmed" });
    const fresh = this.#queue.filter((message) => message.offset > last.offset);
    const behind = more || this.#behind;
    // Behind still: what is fresh stays in the log, and #last says from where.
    this.#queue = more ? [...messages] : [...messages, ...fresh];
    this.#last = this.#queue.at(-1)?.offset ?? last.offset;
    this.#behind = behind;
  }
}
