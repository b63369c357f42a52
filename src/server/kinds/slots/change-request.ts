/** What a publish to a state channel asks for: keys to set, to merge into and to delete, and what must be so for that. */
import type { Change, Condition } from "../../../broker/index.js";
import { parseCursor, type Cursor } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import type { ChangeRequest } from "../slots-kind.js";

export type { ChangeRequest } from "../slots-kind.js";

/** The most keys that one publish changes, and the most that its conditions name. */
export const MOST_KEYS = 1000;
/** The longest key, in bytes. */
export const MOST_KEY_BYTES = 256;
/** The most that one publish changes, in bytes of keys and values. */
export const MOST_CHANGE_BYTES = 1024 * 1024;
/** The longest time to live, in milliseconds: a year. */
export const MOST_TTL_MS = 366 * 86_400_000;

const LONE_SURROGATE = /\p{Surrogate}/u;
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `{"set":{…},"merge":{…},"delete":[…],"ttl":5000,"if":{"since":"…","keys":[…],"absent":[…]}}`. Values are taken as they are.
 *
 * @throws {TidemarkError} `bad_request` for what is not of that form, `limit_reached` for what is too much
 */
export function readChangeRequest(data: unknown): ChangeRequest {
  const fields = asObject(data);
  if (fields === undefined) throw bad('a publish takes an object, such as {"set":{"key":1}}');
  const request = {
    set: readSet(own(fields, "set")),
    merge: readMerge(own(fields, "merge")),
    delete: readKeys(own(fields, "delete"), "delete"),
    if: readConditions(own(fields, "if")),
  };
  mustNameEachOnce(request);
  const ttl = readTtl(own(fields, "ttl"));
  return ttl === undefined ? request : { ...request, ttl };
}

/**
 * What an application sets and deletes, as a request: its keys are known to be named once. Hot path.
 *
 * @param isGone tells what stands for a key that is deleted
 * @throws {TidemarkError} as {@link readChangeRequest}
 */
export function changeRequestOf(
  values: ReadonlyMap<string, unknown>,
  isGone: (value: unknown) => boolean,
  ttl: number | undefined,
): ChangeRequest {
  const set = new Map<string, unknown>();
  const gone: string[] = [];
  for (const [key, value] of values) {
    keyOf(key);
    if (isGone(value)) gone.push(key);
    else set.set(key, value);
  }
  const request = { set, merge: NOTHING, delete: gone, if: [] };
  mustNameEachOnce(request);
  const life = readTtl(ttl);
  return life === undefined ? request : { ...request, ttl: life };
}

function mustNameEachOnce(request: Pick<ChangeRequest, "set" | "merge" | "delete">): void {
  const { set, merge, delete: deleted } = request;
  const count = set.size + merge.size + deleted.length;
  if (count === 0) throw bad("a publish sets, merges or deletes at least one key");
  if (count > MOST_KEYS) throw tooMany();
  if (count === set.size) return;
  if (new Set([...set.keys(), ...merge.keys(), ...deleted]).size < count)
    throw bad("a publish names each key once");
}

/**
 * Whether changes may go together, once all of them are known.
 *
 * @throws {TidemarkError} `limit_reached`
 */
export function mustFit(changes: readonly Change[]): void {
  if (changes.length > MOST_KEYS) throw tooMany();
  let size = 0;
  for (const { slot, data } of changes)
    size += Buffer.byteLength(slot) + (data === undefined ? 0 : Buffer.byteLength(data));
  if (size > MOST_CHANGE_BYTES)
    throw new TidemarkError("limit_reached", `a publish changes at most ${MOST_CHANGE_BYTES} bytes`);
}

/**
 * The key, where it is one.
 *
 * @throws {TidemarkError} `limit_reached` where it is too long, `bad_request` where it is no well-formed text
 */
export function keyOf(key: string): string {
  // Where it fits whatever its characters are, they are not counted.
  if (key.length * 3 > MOST_KEY_BYTES && Buffer.byteLength(key) > MOST_KEY_BYTES)
    throw new TidemarkError("limit_reached", `a key has at most ${MOST_KEY_BYTES} bytes`);
  // Half of a pair has no bytes in UTF-8: what came back would be another key.
  return LONE_SURROGATE.test(key) ? fail("a key is well-formed text") : key;
}

/**
 * A time to live, in milliseconds.
 *
 * @throws {TidemarkError} `bad_request` where it is none
 */
export function readTtl(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= MOST_TTL_MS)
    return value;
  throw bad(`ttl is a whole number of milliseconds from 1 to ${MOST_TTL_MS}`);
}

/** JSON gives every field as its own, `__proto__` too; what others have added to the prototype of all objects is none. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function readSet(value: unknown): ReadonlyMap<string, unknown> {
  const set = new Map<string, unknown>();
  if (value === undefined) return set;
  const values = asObject(value);
  if (values === undefined) throw bad("set takes an object of keys and values");
  for (const [key, held] of Object.entries(values)) set.set(keyOf(key), held);
  return set;
}

function readMerge(value: unknown): ReadonlyMap<string, Fields> {
  const merge = new Map<string, Fields>();
  if (value === undefined) return merge;
  const patches = asObject(value);
  if (patches === undefined) throw bad("merge takes an object of keys and objects");
  for (const [key, patch] of Object.entries(patches)) {
    const fields = asObject(patch);
    if (fields === undefined) throw bad(`merge takes an object for ${JSON.stringify(key)}`);
    merge.set(keyOf(key), fields);
  }
  return merge;
}

function readConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  const fields = asObject(value);
  if (fields === undefined) throw bad('if takes an object, such as {"absent":["key"]}');
  const keys = readKeys(own(fields, "keys"), "if.keys");
  const absent = readKeys(own(fields, "absent"), "if.absent");
  const since = readSince(own(fields, "since"));
  if ((since === undefined) !== (keys.length === 0)) throw bad("if.since and if.keys go together");
  if (keys.length + absent.length > MOST_KEYS) throw tooMany();
  return [
    ...(since === undefined ? [] : keys.map((slot) => ({ slot, unchangedSince: since }))),
    ...absent.map((slot) => ({ slot, unchangedSince: "absent" as const })),
  ];
}

function readSince(value: unknown): Cursor | undefined {
  if (value === undefined) return undefined;
  const cursor = typeof value === "string" ? parseCursor(value) : undefined;
  return cursor ?? fail("if.since must be of the form epoch:offset");
}

function readKeys(value: unknown, name: string): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw bad(`${name} takes a list of keys`);
  if (value.length > MOST_KEYS) throw tooMany();
  return value.map((key: unknown) => (typeof key === "string" ? keyOf(key) : fail(`${name} takes keys`)));
}

function asObject(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && !ArrayBuffer.isView(value) ? (value as Fields) : undefined;
}

function tooMany(): TidemarkError {
  return new TidemarkError("limit_reached", `a publish names at most ${MOST_KEYS} keys`);
}

function bad(message: string): TidemarkError {
  return new TidemarkError("bad_request", message);
}

function fail(message: string): never {
  throw bad(message);
}
