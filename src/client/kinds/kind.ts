import type { Cursor, HistoryOptions, Kind } from "../../protocol/index.js";
import type { Payload } from "../payload.js";
import type { Published } from "../published.js";
import type { History } from "../types.js";

/** All in which one kind of channels differs from the others on a client. Each client has its own, made over its `ClientHost`. */
export interface ClientKind {
  /** As the protocol spells it. */
  readonly name: Kind;
  /** Where a new subscription to a channel of this kind is: nowhere yet. */
  readonly place: (channel: string) => Place;
  /**
   * Publishes, under a number where the kind has them. `prepare` makes what is to be sent, now, or throws why that cannot be: then the
   * answer rejects with it, as with what goes wrong later.
   */
  readonly publish: (
    channel: string,
    data: unknown,
    prepare: (data: unknown) => Payload,
  ) => Promise<Published> & { readonly idem?: number };
  /**
   * Reads the past, of kinds that have one; their handles can begin elsewhere than the subscription that they share, and
   * their iterators read on from it when they have fallen behind. Without it they begin where the subscription is, and
   * of what is too much for an iterator the oldest goes.
   *
   * Rejects with the server's code, or `offline` or `timeout` after `callTimeout`, or `closed`.
   */
  readonly read?: (channel: string, options: HistoryOptions | undefined) => Promise<History<unknown>>;
}

/** Where a subscription is, over all connections: what makes the server go on from there. */
export interface Place {
  /** Another object whenever it has moved. `undefined`: the next subscribe says nothing but where it was to begin. */
  readonly cursor: () => Cursor | undefined;
  /** The server has subscribed, from `told` on, which is a cursor as text. Throws an `Error` where it should have said one. */
  readonly begin: (told: string | undefined) => void;
  /** A message of that offset has come. Says whether it is news, and if so, is behind it. */
  readonly take: (offset: number) => boolean;
  /** Between here and there messages may be missing: goes on from there. */
  readonly skip: (to: Cursor) => void;
}
