/** A value after a merge: RFC 7396 to a depth of one. */
import type { Payload } from "../../../broker/index.js";
import { TidemarkError } from "../../errors.js";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The object that `held` becomes with `fields` put into it; those that are null are taken out of it. Where nothing is held, it is
 * put into an empty one. A field's own fields are not merged: it is another value as a whole.
 *
 * @throws {TidemarkError} `invalid` where something is held that is no object
 * @example merged("web-1", '{"cpu":0.4,"up":true}', { cpu: 0.5, up: null }) // { cpu: 0.5 }
 */
export function merged(key: string, held: Payload | undefined, fields: Fields): unknown {
  const result = new Map(held === undefined ? [] : Object.entries(objectIn(key, held)));
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) result.delete(name);
    else result.set(name, value);
  }
  // Each field is defined, not assigned: `__proto__` is one like all others.
  return Object.fromEntries(result);
}

function objectIn(key: string, held: Payload): Fields {
  const value: unknown = typeof held === "string" ? JSON.parse(held) : undefined;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  const message = "it holds no object that something could be merged into; set it";
  throw new TidemarkError("invalid", `${key}: ${message}`, { issues: [{ message, path: [key] }] });
}
