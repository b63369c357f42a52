import type { ErrorBody, ErrorCode, Issue } from "../protocol/index.js";

/**
 * What can go wrong on the client's own side.
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

interface Details {
  readonly retry?: boolean | undefined;
  readonly issues?: readonly Issue[] | undefined;
  readonly channel?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Every error of this client. Switch on `code`: codes are stable, messages are for people.
 *
 * @example
 * try { await chat.publish({ text }); } catch (error) {
 *   if (error instanceof TidemarkError && error.code === "outcome_unknown") askTheUser();
 * }
 */
export class TidemarkError extends Error {
  override readonly name = "TidemarkError";
  /** A code of the protocol's, one of this client's ({@link ClientCode}), or one of the application's own. */
  readonly code: ErrorCode | ClientCode | (string & {});
  /** Whether doing the same again, unchanged, can succeed. */
  readonly retry: boolean;
  /** Where a payload does not fit its schema. */
  readonly issues: readonly Issue[] | undefined;
  /** The channel it is about, where it is about one. */
  readonly channel: string | undefined;

  constructor(
    code: TidemarkError["code"],
    message: string,
    { retry = false, issues, channel, ...cause }: Details = {},
  ) {
    super(message, cause);
    this.code = code;
    this.retry = retry;
    this.issues = issues;
    this.channel = channel;
  }
}

/** The error that a server's reply stands for. */
export function fromReply(error: ErrorBody, channel?: string): TidemarkError {
  return new TidemarkError(error.code, error.message, {
    retry: error.retry,
    issues: error.issues,
    channel,
  });
}

/** What to say about something that was thrown, causes included: `fetch failed` alone helps nobody. */
export function messageOf(thrown: unknown, depth = 3): string {
  const { message, code, cause } = Object(thrown) as { message?: unknown; code?: unknown; cause?: unknown };
  // Errors of several tries have an empty message, and a code.
  const text = String([message, code].find(Boolean) ?? thrown);
  return cause && depth > 0 ? `${text}: ${messageOf(cause, depth - 1)}` : text;
}
