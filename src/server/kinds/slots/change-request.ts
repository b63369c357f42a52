/** What a change asks for, read from JSON. */
import type { Condition } from "../../../broker/index.js";
import { parseCursor } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";

const MOST_KEYS = 1000;
const MOST_KEY_BYTES = 256;
const MOST_TTL_MS = 366 * 86_400_000;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a change asks for: keys to set, to merge into and to delete, and what must be so for that. */
export interface ChangeRequest {
  readonly set: ReadonlyMap<string, unknown>;
  readonly merge: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly delete: readonly string[];
  readonly ttl?: number;
  readonly if: readonly Condition[];
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws {TidemarkError} `bad_request` for what is not of that form, `limit_reached` for what is too much */
export function readChangeRequest(data: unknown): ChangeRequest {
  const fields = asObject(data) ?? fail('a change takes an object, such as {"set":{"key":1}}');
  const ttl = own(fields, "ttl");
  if (ttl !== undefined && !(Number.isSafeInteger(ttl) && Number(ttl) >= 1 && Number(ttl) <= MOST_TTL_MS))
    fail(`ttl is a whole number of milliseconds from 1 to ${MOST_TTL_MS}`);
  const set = new Map(entries(own(fields, "set"), "set"));
  const merge = new Map(
    entries(own(fields, "merge"), "merge").map(([key, value]): [string, Fields] => [
      key,
      asObject(value) ?? fail("merge takes objects of fields"),
    ]),
  );
  const gone = keysOf(own(fields, "delete"), "delete");
  const all = [...set.keys(), ...merge.keys(), ...gone];
  if (all.length === 0) fail("a change sets, merges or deletes at least one key");
  if (all.length > MOST_KEYS) throw tooMany();
  if (new Set(all).size < all.length) fail("a change names each key once");
  return {
    set,
    merge,
    delete: gone,
    ...(ttl !== undefined && { ttl: Number(ttl) }),
    if: readConditions(own(fields, "if")),
  };
}

function readConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  const fields = asObject(value) ?? fail('if takes an object, such as {"absent":["key"]}');
  const keys = keysOf(own(fields, "keys"), "if.keys");
  const absent = keysOf(own(fields, "absent"), "if.absent");
  const text = own(fields, "since");
  if ((text === undefined) !== (keys.length === 0)) fail("if.since and if.keys go together");
  const since = typeof text === "string" ? parseCursor(text) : undefined;
  if (text !== undefined && since === undefined) fail("if.since must be of the form epoch:offset");
  return [
    ...(since === undefined ? [] : keys.map((slot) => ({ slot, unchangedSince: since }))),
    ...absent.map((slot) => ({ slot, unchangedSince: "absent" as const })),
  ];
}

function entries(value: unknown, name: string): [string, unknown][] {
  if (value === undefined) return [];
  const fields = asObject(value) ?? fail(`${name} takes an object of keys and values`);
  return Object.entries(fields).map(([key, held]) => [keyOf(key), held]);
}

function keysOf(value: unknown, name: string): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return fail(`${name} takes a list of keys`);
  if (value.length > MOST_KEYS) throw tooMany();
  return value.map((key: unknown) => (typeof key === "string" ? keyOf(key) : fail(`${name} takes keys`)));
}

function keyOf(key: string): string {
  if (key.length * 3 > MOST_KEY_BYTES && Buffer.byteLength(key) > MOST_KEY_BYTES)
    throw new TidemarkError("limit_reached", `a key has at most ${MOST_KEY_BYTES} bytes`);
  return LONE_SURROGATE.test(key) ? fail("a key is well-formed text") : key;
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function tooMany(): TidemarkError {
  return new TidemarkError("limit_reached", `a change names at most ${MOST_KEYS} keys`);
}

function fail(message: string): never {
  throw new TidemarkError("bad_request", message);
}
