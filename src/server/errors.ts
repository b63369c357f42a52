import { ERRORS, type ErrorBody, type ErrorCode, type Issue } from "../protocol/index.js";

/**
 * An error that a client may see. Thrown from `authenticate`, `allow`, `onPublish` or a method it crosses the wire with its code
 * and message; any other error is logged and reaches the client only as `internal`.
 *
 * @example throw new TidemarkError("slow_down", "one message every ten seconds in this room");
 */
export class TidemarkError extends Error {
  override readonly name = "TidemarkError";
  /** Stable, for programs: one of the protocol's, or one of your own. */
  readonly code: ErrorCode | (string & {});
  /** Whether sending the same again can help. The protocol's codes know it; your own say it here. */
  readonly retry: boolean;
  /** Milliseconds to wait before the retry. Clients are told at least 50, and at most a day. */
  readonly after: number | undefined;
  readonly issues: readonly Issue[] | undefined;

  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    options: { retry?: boolean; after?: number; issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? (Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].retry);
    this.after = options.after;
    this.issues = options.issues;
  }
}

/** The least and the most that anybody is told to wait, in milliseconds: nobody is to come at once, or in a month. */
const LEAST_AFTER = 50;
const MOST_AFTER = 86_400_000;

function within(after: number): number {
  return Number.isNaN(after) ? LEAST_AFTER : Math.min(MOST_AFTER, Math.max(LEAST_AFTER, Math.ceil(after)));
}

/** The error as the wire has it. */
export function errorBody(error: TidemarkError): ErrorBody {
  return {
    code: error.code,
    message: error.message,
    retry: error.retry,
    ...(error.after !== undefined && { after: within(error.after) }),
    ...(error.issues !== undefined && isJson(error.issues) && { issues: error.issues }),
  };
}

/** Whether it can be written: issues of an application's own may be anything. */
function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}
