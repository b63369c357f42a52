import type { HistoryOptions, Kind } from "../../protocol/index.js";
import type { Payload } from "../payload.js";
import type { Published } from "../published.js";
import type { History } from "../types.js";

/** All in which one kind of channels differs from the others on a client. Each client has its own, made over its `ClientHost`. */
export interface ClientKind {
  /** As the protocol spells it. */
  readonly name: Kind;
  /**
   * Publishes; the number is the publisher's next one in the channel, for kinds that use it. Rejects as the method of the
   * host that the kind publishes with.
   */
  readonly send: (channel: string, payload: Payload, n: number) => Promise<Published>;
  /**
   * Reads the past, up to 1,000 messages: for kinds whose channels are a log. Their subscriptions have a cursor and go on from it,
   * with gaps where they cannot; their handles can begin elsewhere than the subscription that they share, and their
   * iterators read on from the log what they have fallen behind. Their publishers want to know what came of it.
   *
   * Where there is none a subscription knows only now: it begins anew on each connection, of what is too much for an
   * iterator the oldest goes, and what is lost is not missed by anyone.
   *
   * Rejects with the server's code, or `offline` or `timeout` after `callTimeout`, or `closed`.
   */
  readonly read?: (channel: string, options: HistoryOptions | undefined) => Promise<History<unknown>>;
}
