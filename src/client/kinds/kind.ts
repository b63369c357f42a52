import type { Cursor, HistoryOptions, Kind } from "../../protocol/index.js";
import type { Payload } from "../payload.js";
import type { Published } from "../published.js";
import type { History } from "../types.js";

/** All in which one kind of channels differs from the others on a client. Each client has its own, made over its `ClientHost`. */
export interface ClientKind {
  /** As the protocol spells it. */
  readonly name: Kind;
  /**
   * Publishes, under a number where the kind has them. `prepare` makes what is to be sent, now, or throws why that cannot be: then the
   * answer rejects with it, as with what goes wrong later.
   */
  readonly publish: (
    channel: string,
    data: unknown,
    prepare: (data: unknown) => Payload,
  ) => Promise<Published> & { readonly idem?: number };
  /** For channels that are a log. Without one every message is news, and a subscription begins where it was to begin, again and again. */
  readonly log?: ClientLog;
}

/**
 * How a subscription moves in a log. Its cursor is where it is, over all connections: the server goes on from there. A gap
 * moves it to where the gap ends, whatever its kind.
 */
export interface ClientLog {
  /**
   * Where a subscription is that was at `cursor` and that the server has confirmed at `told`. The same object where it
   * goes on from where it was.
   */
  readonly begin: (cursor: Cursor | undefined, told: Cursor) => Cursor;
  /** Where it is behind a message of that offset; `undefined` where the message is no news, and is not told. */
  readonly take: (cursor: Cursor | undefined, offset: number) => Cursor | undefined;
  /**
   * Reads the past: up to 1,000 messages. From it handles get what they want of it when they begin elsewhere than the subscription that
   * they share, and iterators what they have fallen behind.
   *
   * Rejects with the server's code, or `offline` or `timeout` after `callTimeout`, or `closed`.
   */
  readonly read: (channel: string, options: HistoryOptions | undefined) => Promise<History<unknown>>;
}
