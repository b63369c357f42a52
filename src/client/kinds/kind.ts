import type {
  ErrorBody,
  EventFrame,
  HistoryOptions,
  Kind,
  MessageFrame,
  SubscribeResult,
} from "../../protocol/index.js";
import type { Payload } from "../payload.js";
import type { Published } from "../published.js";
import type { History } from "../history.js";

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
  /**
   * For kinds whose log is told anew where it cannot go on, and whose messages come in parts that are lists. They make one
   * `ClientKind` for each subscription.
   */
  readonly compacted?: CompactedKind;
}

/** What the subscription of a log asks its kind, where what is told of that log is what it adds up to. */
export interface CompactedKind {
  /**
   * What its subscribe command says besides kind and cursor, as it is sent now.
   *
   * @param acknowledged whether the server is told what has come: not over HTTP
   */
  readonly options: (acknowledged: boolean) => object;
  /** It is on, again: before anything comes of it. */
  readonly on: (result: SubscribeResult) => void;
  /**
   * A line of it has come. Handles are told of a message, and the cursor moves, with its last one.
   *
   * @param size how long the line is, about
   * @returns whether there is more to come of this message
   * @throws {Error} where it is not the part that has to come next
   */
  readonly line: (message: MessageFrame, size: number) => boolean;
  /**
   * The server says something about it that only this kind knows, and what a newer server may say; or it refuses it for the moment.
   *
   * @returns of a refusal whether it is the end, though a retry could help
   */
  readonly told?: (what: EventFrame | ErrorBody) => boolean;
}
