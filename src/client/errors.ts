import { TidemarkError } from "../protocol/errors.js";
import type { ErrorBody } from "../protocol/index.js";

export { TidemarkError, type ClientCode } from "../protocol/errors.js";

/** The error that a server's reply stands for. */
export function fromReply(error: ErrorBody, channel?: string): TidemarkError {
  const { code, message, retry, issues, after: _, ...details } = error;
  return new TidemarkError(code, message, { retry, issues, details, channel });
}

/** The error that a listener's having thrown is. */
export function handlerError(thrown: unknown): TidemarkError {
  return new TidemarkError("handler_failed", `a listener threw: ${messageOf(thrown)}`, { cause: thrown });
}

/** What to say about something that was thrown, causes included: `fetch failed` alone helps nobody. */
export function messageOf(thrown: unknown, depth = 3): string {
  const { message, code, cause } = Object(thrown) as { message?: unknown; code?: unknown; cause?: unknown };
  // Errors of several tries have an empty message, and a code.
  const text = String([message, code].find(Boolean) ?? thrown);
  return cause && depth > 0 ? `${text}: ${messageOf(cause, depth - 1)}` : text;
}
