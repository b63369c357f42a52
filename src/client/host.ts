import type { Clock, Cursor, Member, Random, StartAt } from "../protocol/index.js";
import type { Backoff } from "./backoff.js";
import type { Chunks } from "./chunks.js";
import type { TidemarkError } from "./errors.js";
import type { ClientKind } from "./kinds/kind.js";
import type { Page } from "./page.js";
import type { Payload } from "./payload.js";
import type { Published } from "./published.js";
import type { Sink } from "./sink.js";

/**
 * What kinds of channels, and the handles on them, may use of their client: all of it is here, and they reach for nothing else.
 * It is over all connections: what waits for a connection does so as often as connections are lost. How a connection
 * is doing a kind hears as its subscriptions do: `subscribed` comes after each reconnect.
 *
 * Entry points of kinds, such as `tidemark/state`, get it from `client.host`.
 *
 * Streams use `ask`, `number`, `publish` and `me`, transients `send`, rooms `random`, the handles of all the rest; what nobody uses is not
 * here.
 * Errors are `TidemarkError`s. "The server's code" is the code of its answer to the command.
 *
 * @example
 * // A handle that counts messages.
 * const subscription = host.subscribe("chat/general", streamKind(host), {});
 * subscription.add({ message: () => count++, tell() {}, failed: host.report, over: host.report }, {});
 */
export interface ClientHost {
  /** Waits and turns; its times are in milliseconds. */
  readonly clock: Clock;
  /** For names and secrets. */
  readonly random: Random;
  /** What is loaded when it is needed. */
  readonly chunks: Chunks;
  /** The page that shows what the client has, where it is another one than the platform's. Tests give theirs. */
  readonly page?: Page;
  /** The delays between several tries of one thing, as the client's option `backoff` says. */
  readonly backoff: () => Backoff;
  /** @throws {TidemarkError} why the client is closed for good, when it is */
  readonly check: () => void;
  /** Tells the application what went wrong where nobody listens for it. Never throws. */
  readonly report: (error: TidemarkError) => void;

  /**
   * Sends a command and resolves with its `ok`. Waits for a connection, and for the answer, at most `callTimeout`
   * milliseconds in all.
   *
   * Rejects with the server's code; `offline` or `timeout` where it was not in time; `outcome_unknown` where it was sent, is not
   * repeatable, and no answer came; `too_large`; `outbox_full` where as many as the option `outbox` allows wait; `closed`.
   *
   * @param body the inside of a JSON object, without `id`: `"history":"chat/general","limit":50`
   * @param repeatable whether it may be sent again when the connection is lost: what only reads may
   * @param bytes which follow its line
   */
  readonly ask: (body: string, repeatable: boolean, bytes?: Uint8Array) => Promise<unknown>;
  /**
   * The next publish's number in this channel, from 1. One that is not used leaves a hole, which is allowed; the
   * order in which publishes enter is that of `publish` being called, so numbers are to be used in their order.
   */
  readonly number: (channel: string) => number;
  /**
   * Publishes in order, to be in the log once: it is kept, and sent again, until it is answered. Resolves with what it is
   * answered, on a stream its offset.
   *
   * Rejects with the server's code; `outbox_full` at once where more waits than the option `outbox` allows; `too_large`;
   * `outcome_unknown` where it was sent, and not answered while a retry was safe; `offline` or `timeout` after
   * `publishTimeout` milliseconds; `closed`.
   *
   * @param n from `number`: by it the server knows a retry
   */
  readonly publish: (channel: string, payload: Payload, n: number) => Promise<Published>;
  /**
   * Publishes now or not at all, and without a number: what is lost stays lost. Resolves with offset 0 when the server has answered.
   *
   * Rejects with the server's code; `offline` where there is no connection; `too_large`; `outcome_unknown` where it is lost before the
   * answer.
   */
  readonly send: (channel: string, payload: Payload) => Promise<Published>;
  /** What this client is called as a sender of messages on this connection; empty before the first. */
  readonly me: () => string;

  /**
   * The subscription of a channel, of which there is one for all handles; it is asked for after this turn, and again on each
   * connection. `start` counts where it is made now.
   *
   * @throws {TidemarkError} `invalid` for a name or start that no server takes, `wrong_kind` when there is one of another kind
   */
  readonly subscribe: (channel: string, kind: ClientKind, start: StartAt) => ChannelSubscription;
}

/** One channel's subscription over all connections, as its handles see it. */
export interface ChannelSubscription {
  /** As it was spelled first. */
  readonly name: string;
  /** Where it is; `undefined` before the server has said it, and where there is no log. */
  readonly cursor: () => Cursor | undefined;
  /** Who is on the channel, as far as is known. The same array until that changes. */
  readonly members: () => readonly Member[];
  /** How many are there: more than `members` where the server does not list them all. */
  readonly memberCount: () => number;
  /**
   * Adds a handle. It is told `subscribed` once the subscription is on, and again after each reconnect; messages and gaps in their
   * order; its end. Says whether `own`, where the handle wants to begin, is another place than where the subscription does: then the
   * handle itself has to get what lies between (see `Beginning`).
   */
  readonly add: (sink: Sink, own: StartAt) => boolean;
  /** Takes a handle off. The last one ends the subscription, unless there is another within this microtask. */
  readonly remove: (sink: Sink) => void;
  /** Asks for it now on an open connection, where that has not been done: so that what is sent next comes behind it. */
  readonly ask: () => void;
  /**
   * Has it made anew, since what its kind asks for is not what it was: over HTTP by connecting again. One that was refused is
   * asked for again. False while it is being asked for: when it is on is early enough.
   */
  readonly again: () => boolean;
  /**
   * Sends a line about it that nothing answers, such as an acknowledgement, while it is on. The line has to say what the channel is called
   * there: its number on this connection; over HTTP, where there is none, its name. While it is not on nothing is sent, and `on` of the
   * kind tells when it can be.
   */
  readonly line: (write: (ch: number | string) => string) => void;
}
