/** What clients send, against a room's schemas. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { TidemarkError } from "../../../errors.js";
import { freezeJson, isTooDeep } from "../run/json-value.js";

/** The longest input, and the longest that somebody joins with, in letters of JSON. */
export const MOST_LETTERS = 4096;

/** A value as it travels, frozen; or why it does not. */
export type Checked = { readonly value: unknown } | TidemarkError;

/** The value as its schema gives it back, and as JSON carries it. What a schema throws is thrown. */
export function checked(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
): Checked | PromiseLike<Checked> {
  // Before anything goes through it: a schema might run out of stack.
  if (isTooDeep(value)) return tooDeep();
  if (schema === undefined) return travelling(value);
  const result = schema["~standard"].validate(value);
  return "then" in result ? result.then(read) : read(result);
}

function read(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return travelling(result.value);
  const issues = result.issues.map(({ message }) => ({ message }));
  return new TidemarkError("invalid", issues.map(({ message }) => message).join("; "), { issues });
}

function travelling(value: unknown): Checked {
  // What has no form in JSON is null, as in the room.
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) return { value: null };
  if (text.length > MOST_LETTERS)
    return new TidemarkError("too_large", `at most ${MOST_LETTERS} letters of JSON, not ${text.length}`);
  return freezeJson(JSON.parse(text)) ?? tooDeep();
}

function tooDeep(): TidemarkError {
  return new TidemarkError("invalid", "nested more than 32 levels deep");
}
