/** What one publish to a channel of keys changes, and what has to be so for that. */
import { TidemarkError, messageOf } from "../errors.js";

/** Keys and values; a `Map` where keys may be `__proto__`, or numbers whose order counts. */
export type Values<Value> = ReadonlyMap<string, Value> | Readonly<Record<string, Value>>;

/** A condition: where it does not hold nothing is changed, and the publish rejects with a `ConflictError`. */
export interface ChangeCondition {
  /** These keys have not changed since the map was what it is now; see `since`. */
  readonly keys?: readonly string[];
  /** These keys hold nothing. */
  readonly absent?: readonly string[];
  /** Since when `keys` have not changed, where that is not now: a cursor, `epoch:offset`. */
  readonly since?: string;
}

/** Changes of several keys, which are made together or not at all: 1 to 1,000 of them, each named once. */
export interface Change<Value> {
  /** Values that keys get. */
  readonly set?: Values<Value>;
  /** Fields that objects get; null removes one. Where a key holds nothing, it is set. */
  readonly merge?: Values<object>;
  /** Keys that are removed. */
  readonly delete?: readonly string[];
  /** How long what is set stays unless it is set again, in milliseconds; at least 1. */
  readonly ttl?: number;
  readonly if?: ChangeCondition;
}

/** What becomes of a key's value; `undefined` is none. */
export type Edit = (before: unknown) => unknown;

/** A change as it is shown and sent. What the application does to its objects later changes nothing. */
export interface ReadChange {
  readonly edits: ReadonlyMap<string, Edit>;
  readonly keys: readonly string[];
  readonly absent: readonly string[];
  readonly since: string | undefined;
  /** As JSON, less the condition and what closes it. */
  readonly text: string;
}

/** @throws {TidemarkError} `invalid` where a value has no JSON, or what is to be merged is no object */
export function readChange(change: Change<unknown>): ReadChange {
  const edits = new Map<string, Edit>();
  const fields: string[] = [];

  function read(name: "set" | "merge", editOf: (value: unknown) => Edit): void {
    const values = change[name];
    if (values === undefined) return;
    const entries = [...(isMap(values) ? values : Object.entries(values))].map(([key, value]) => {
      const json = jsonOf(key, value);
      edits.set(key, editOf(JSON.parse(json)));
      // Written by hand: as a field of an object `__proto__` would be none.
      return `${JSON.stringify(key)}:${json}`;
    });
    fields.push(`"${name}":{${entries.join()}}`);
  }

  read("set", (value) => () => value);
  read("merge", (patch) => {
    if (!isObject(patch)) throw new TidemarkError("invalid", "merge takes objects");
    return (before) => merged(before, patch);
  });
  if (change.delete) {
    for (const key of change.delete) edits.set(key, () => undefined);
    fields.push(`"delete":${JSON.stringify(change.delete)}`);
  }
  if (change.ttl !== undefined) fields.push(`"ttl":${change.ttl}`);
  const { keys = [], absent = [], since } = change.if ?? {};
  return { edits, keys, absent, since, text: `{${fields.join()}` };
}

/** The publish's payload, on condition that `keys` have not changed since this cursor. */
export function textOf({ text, keys, absent }: ReadChange, since: string | undefined): string {
  if (keys.length + absent.length === 0) return `${text}}`;
  const condition = {
    ...(keys.length > 0 && { since, keys }),
    ...(absent.length > 0 && { absent }),
  };
  return `${text},"if":${JSON.stringify(condition)}}`;
}

/** As the server merges, so that it shows what will be: fields of an object, one level deep. */
function merged(before: unknown, patch: object): unknown {
  // The server refuses to merge into what is no object.
  if (before !== undefined && !isObject(before)) return before;
  const fields = new Map(Object.entries(before ?? {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

function jsonOf(key: string, value: unknown): string {
  let cause: unknown = typeof value;
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json !== undefined) return json;
  } catch (thrown) {
    cause = thrown;
  }
  const message = `no JSON can be made of ${JSON.stringify(key)}: ${messageOf(cause)}`;
  throw new TidemarkError("invalid", message, { cause });
}

function isMap(values: Values<unknown>): values is ReadonlyMap<string, unknown> {
  return Symbol.iterator in values;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
