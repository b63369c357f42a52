/** What a publish to a state channel asks for: keys to set and to delete, and what must be so for that. */
import type { Change, ChangesDraft, Condition, Payload } from "../../../broker/index.js";
import { parseCursor, type Cursor } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";

/** The most keys that one publish changes, and the most that its conditions name. */
export const MOST_KEYS = 1000;
/** The longest key, in bytes. */
export const MOST_KEY_BYTES = 256;
/** The most that one publish changes, in bytes of keys and values. */
export const MOST_CHANGE_BYTES = 1024 * 1024;
/** The longest time to live, in milliseconds: a year. */
const MOST_TTL_MS = 366 * 86_400_000;

const LONE_SURROGATE = /\p{Surrogate}/u;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `{"set":{…},"delete":[…],"ttl":5000,"if":{"since":"…","keys":[…],"absent":[…]}}`.
 *
 * @throws {TidemarkError} `bad_request` for what is not of that form, `limit_reached` for what is too much
 */
export function readChanges(data: Payload): Pick<ChangesDraft, "changes" | "if"> {
  const fields = typeof data === "string" ? asObject(JSON.parse(data)) : undefined;
  if (fields === undefined) throw bad('a publish takes an object, such as {"set":{"key":1}}');
  const ttl = readTtl(own(fields, "ttl"));
  const changes = [...readSet(own(fields, "set"), ttl), ...readDelete(own(fields, "delete"))];
  if (changes.length === 0) throw bad("a publish sets or deletes at least one key");
  const named = new Set(changes.map(({ slot }) => slot));
  if (named.size < changes.length) throw bad("a publish names each key once");
  mustFit(changes);
  const conditions = readConditions(own(fields, "if"));
  return conditions.length === 0 ? { changes } : { changes, if: conditions };
}

/** JSON gives every field as its own, `__proto__` too; what others have added to the prototype of all objects is none. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function readTtl(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= MOST_TTL_MS)
    return value;
  throw bad(`ttl is a whole number of milliseconds from 1 to ${MOST_TTL_MS}`);
}

function readSet(value: unknown, ttl: number | undefined): Change[] {
  if (value === undefined) return [];
  const values = asObject(value);
  if (values === undefined) throw bad("set takes an object of keys and values");
  return Object.entries(values).map(([slot, held]) => {
    const data = JSON.stringify(held);
    return ttl === undefined ? { slot: keyOf(slot), data } : { slot: keyOf(slot), data, ttl };
  });
}

function readDelete(value: unknown): Change[] {
  return readKeys(value, "delete").map((slot) => ({ slot, data: undefined }));
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

function keyOf(key: string): string {
  // Where it fits whatever its characters are, they are not counted.
  if (key.length * 3 > MOST_KEY_BYTES && Buffer.byteLength(key) > MOST_KEY_BYTES)
    throw new TidemarkError("limit_reached", `a key has at most ${MOST_KEY_BYTES} bytes`);
  // Half of a pair has no bytes in UTF-8: what came back would be another key.
  return LONE_SURROGATE.test(key) ? fail("a key is well-formed text") : key;
}

function mustFit(changes: readonly Change[]): void {
  if (changes.length > MOST_KEYS) throw tooMany();
  let size = 0;
  for (const { slot, data } of changes)
    size += Buffer.byteLength(slot) + (data === undefined ? 0 : Buffer.byteLength(data));
  if (size > MOST_CHANGE_BYTES)
    throw new TidemarkError("limit_reached", `a publish changes at most ${MOST_CHANGE_BYTES} bytes`);
}

function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
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
