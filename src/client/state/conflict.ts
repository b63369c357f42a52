import { TidemarkError } from "../errors.js";

/** Why a publish with a condition was refused: what it named is not what it was to be. Nothing was changed. */
export interface ConflictError extends TidemarkError {
  readonly code: "conflict";
  /** A cursor for the next try, `epoch:offset`: what {@link now} says holds there. */
  readonly cursor: string;
  /** What the keys of the condition hold; `undefined` for nothing, and for null. Where it would be too much, keys are missing. */
  readonly now: ReadonlyMap<string, unknown>;
}

/**
 * Whether an error is a refused condition.
 *
 * @example
 * try {
 *   await seats.change({ set: { "12a": me }, if: { absent: ["12a"] } });
 * } catch (error) {
 *   if (isConflict(error)) console.log("taken by", error.now.get("12a"));
 * }
 */
export function isConflict(error: unknown): error is ConflictError {
  return error instanceof TidemarkError && error.code === "conflict";
}

/** The error that a server's answer is, with what a conflict says. */
export function withDetails(error: TidemarkError): TidemarkError {
  const { cursor, now = {} } = error.details ?? {};
  if (error.code !== "conflict" || "now" in error) return error;
  return Object.assign(error, {
    cursor: cursor ?? "",
    now: new Map(Object.entries(now).map(([key, value]) => [key, value ?? undefined])),
  });
}

/** What a server would have answered: the first of these keys is not what it was. */
export function conflictAt(
  channel: string,
  cursor: string,
  now: ReadonlyMap<string, unknown>,
): TidemarkError {
  const [key] = now.keys();
  const error = new TidemarkError("conflict", `${String(key)} has changed`, { channel });
  return Object.assign(error, { cursor, now });
}
