/** What a subscription to a room says, read from the fields of a command. */
import { utf8Length } from "./channel-name.js";
import { asObject, type FieldReader } from "./field-reader.js";
import type { PlayOptions } from "./room-frames.js";

const SECRET = /^[\w-]{16,64}$/;
const MOST_MATCH = 8;
const MOST_TEXT = 64;
const LEAST_BUDGET = 256;
const MOST_BUDGET = 1024 * 1024;

/** `undefined` where nothing is said of it, as on all other channels. */
export function readPlay(read: FieldReader): PlayOptions | undefined {
  const { fields } = read;
  const secret = readSecret(read);
  const had = read.get("had");
  const match = read.get("match");
  const budget = read.count("budget", LEAST_BUDGET, MOST_BUDGET);
  const joins = Object.hasOwn(fields, "join");
  if (!joins && (secret ?? had ?? match ?? budget) === undefined) return undefined;
  if (had !== undefined && typeof had !== "boolean") return read.fail("had must be true or false");
  return {
    ...(joins && { join: fields["join"] ?? null }),
    ...(secret !== undefined && { secret }),
    ...(had !== undefined && { had }),
    ...(match !== undefined && { match: readMatch(read, match) }),
    ...(budget !== undefined && { budget }),
  };
}

/** The secret of a client whose user has no id; `undefined` where there is none. */
export function readSecret(read: FieldReader): string | undefined {
  const secret = read.get("secret");
  if (secret === undefined) return undefined;
  if (typeof secret === "string" && SECRET.test(secret)) return secret;
  return read.fail("secret must be a text of 16 to 64 letters, digits, - and _");
}

function readMatch(read: FieldReader, value: unknown): Readonly<Record<string, string>> {
  const fields = asObject(value);
  const entries = Object.entries(fields ?? {});
  const fits = ([name, of]: readonly [string, unknown]): boolean => isShort(name) && isShort(of);
  if (fields === undefined || entries.length > MOST_MATCH || !entries.every(fits))
    return read.fail(`match takes an object of at most ${MOST_MATCH} texts of at most ${MOST_TEXT} bytes`);
  // Without a prototype: a name may be anything.
  const match: Record<string, string> = Object.create(null) as Record<string, never>;
  for (const [name, of] of entries) match[name] = String(of);
  return match;
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length <= MOST_TEXT && utf8Length(value) <= MOST_TEXT;
}
