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
    throw invalid(result.issues.map(readIssue));
  });
}

/**
 * Values by their keys, as the schema of each gives them back.
 *
 * @throws {TidemarkError} `invalid`, with the schema's own words about all of them; each path begins with the key
 */
export function validateEach(
  schema: StandardSchemaV1 | undefined,
  values: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, unknown> | PromiseLike<ReadonlyMap<string, unknown>> {
  if (schema === undefined) return values;
  const results: (readonly [string, Result | PromiseLike<Result>])[] = [];
  try {
    for (const [key, value] of values) results.push([key, schema["~standard"].validate(value)]);
  } catch (error) {
    // Those before it may reject as well, and nobody waits for them any more.
    for (const [, result] of results) if (isPromise(result)) result.then(undefined, () => {});
    throw error;
  }
  if (results.every(isKnown)) return valuesOf(results);
  return Promise.all(results.map(async ([key, result]) => [key, await result] as const)).then(valuesOf);
}

type Result = StandardSchemaV1.Result<unknown>;

function isKnown(entry: readonly [string, Result | PromiseLike<Result>]): entry is readonly [string, Result] {
  return !isPromise(entry[1]);
}

function valuesOf(results: readonly (readonly [string, Result])[]): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  const issues: Issue[] = [];
  for (const [key, result] of results) {
    if (result.issues === undefined) values.set(key, result.value);
    else
      for (const { message, path = [] } of result.issues.map(readIssue))
        issues.push({ message, path: [key, ...path] });
  }
  if (issues.length > 0) throw invalid(issues);
  return values;
}

function invalid(issues: readonly Issue[]): TidemarkError {
  return new TidemarkError("invalid", issues.map(describe).join("; "), { issues });
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
