/** Payloads against schemas, and values that may or may not have to be waited for. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Issue } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";

/** Goes on with `value` at once, or when it is there. Most hooks are synchronous, and waiting costs order and time. */
export function andThen<A, B>(
  value: A | PromiseLike<A>,
  next: (value: A) => B | PromiseLike<B>,
): B | PromiseLike<B> {
  return isPromise(value) ? value.then(next) : next(value);
}

export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * The value as its schema gives it back.
 *
 * @throws {TidemarkError} `invalid`, with the schema's own words
 */
export function validate(schema: StandardSchemaV1 | undefined, value: unknown): unknown {
  if (schema === undefined) return value;
  return andThen(schema["~standard"].validate(value), (result) => {
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(readIssue);
    throw new TidemarkError("invalid", issues.map(describe).join("; "), { issues });
  });
}

function readIssue(issue: StandardSchemaV1.Issue): Issue {
  if (issue.path === undefined) return { message: issue.message };
  const path = issue.path.map((part) => (typeof part === "object" ? part.key : part));
  return {
    message: issue.message,
    path: path.map((part) => (typeof part === "symbol" ? String(part) : part)),
  };
}

function describe(issue: Issue): string {
  return issue.path === undefined || issue.path.length === 0
    ? issue.message
    : `${issue.path.join(".")}: ${issue.message}`;
}
