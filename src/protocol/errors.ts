import type { ErrorCode } from "./codes.js";
import type { ErrorBody, Issue } from "./frames.js";

/**
 * What can go wrong on a client's own side.
 *
 * - `closed`: the client or the handle was closed
 * - `offline`: there was no connection, and the thing does not wait for one (any longer)
 * - `timeout`: no answer in time, although connected; asking again is safe
 * - `outbox_full`: more is waiting than `outbox` allows
 * - `overflow`: an iterator fell behind and could not catch up from the log
 * - `connection_lost`, `connect_timeout`, `silent`: why the client is offline
 * - `token_failed`: the `token` function threw or rejected
 * - `handler_failed`: a function given to `on` threw; `cause` is what it threw
 * - `unsupported`, `malformed`, `policy`, `too_big`, `forbidden_origin`, `disconnected`: the server closed for good
 */
export type ClientCode =
  | "closed"
  | "offline"
  | "timeout"
  | "outbox_full"
  | "overflow"
  | "connection_lost"
  | "connect_timeout"
  | "silent"
  | "token_failed"
  | "handler_failed"
  | "unsupported"
  | "malformed"
  | "policy"
  | "too_big"
  | "forbidden_origin"
  | "disconnected";

/** Fields of an error that only some codes have. */
export type ErrorDetails = Pick<ErrorBody, "cursor" | "now" | "limit" | "to">;

/** What the table of codes says about trying again: a test compares them. The table itself would be much of what a page loads. */
const RETRYABLE = /^(aborted|rate_limited|overloaded|unavailable|going_away|room_full)$/;

/**
 * Every error of Tidemark's, on servers and on clients: one class, whichever entry point it is imported from. Switch on
 * `code`: codes are stable, messages are for people.
 *
 * Thrown on a server, from `authenticate`, `allow`, `onPublish` or a method, it crosses the wire with its code and
 * message; any other error is logged there, and reaches the client only as `internal`.
 *
 * @example
 * // On a server.
 * throw new TidemarkError("slow_down", "one message every ten seconds in this room", { retry: true, after: 10_000 });
 * @example
 * // On a client.
 * try { await chat.publish({ text }); } catch (error) {
 *   if (error instanceof TidemarkError && error.code === "outcome_unknown") askTheUser();
 * }
 */
export class TidemarkError extends Error {
  override readonly name = "TidemarkError";
  /** A code of the protocol's, one of a client's own ({@link ClientCode}), or one of the application's own. */
  declare readonly code: ErrorCode | ClientCode | (string & {});
  /**
   * Whether doing the same again, unchanged, can succeed. Of the protocol's codes that is known; with one of the application's own
   * it is said here, and false where it is not.
   */
  declare readonly retry: boolean;
  /**
   * Milliseconds to wait before the retry, as a server says it; clients are told at least 50, and at most a day. On a
   * client always `undefined`.
   */
  declare readonly after: number | undefined;
  /** Where a payload does not fit its schema. */
  declare readonly issues: readonly Issue[] | undefined;
  /** What else is said of it on the wire, such as what the keys of a `conflict` hold. */
  declare readonly details: ErrorDetails | undefined;
  /** On a client the channel that it is about, where it is about one; on a server always `undefined`. */
  declare readonly channel: string | undefined;

  constructor(
    code: TidemarkError["code"],
    message: string,
    {
      retry = RETRYABLE.test(code),
      after,
      issues,
      details,
      channel,
      ...cause
    }: {
      readonly retry?: boolean | undefined;
      readonly after?: number | undefined;
      readonly issues?: readonly Issue[] | undefined;
      readonly details?: ErrorDetails | undefined;
      readonly channel?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, cause);
    Object.assign(this, { code, retry, after, issues, details, channel });
  }
}
