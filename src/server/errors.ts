import type { TidemarkError } from "../protocol/errors.js";
import type { ErrorBody } from "../protocol/index.js";

export { TidemarkError } from "../protocol/errors.js";

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
    ...error.details,
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
