/** Reads JSON that came from elsewhere, and takes nothing for granted. */

/** Says what is wrong with what was read. Whoever calls makes an error with a code of it. */
export class NotAsExpected extends Error {}

export type Reader<T> = (value: unknown) => T;

export const anything: Reader<unknown> = (value) => value;

export const text: Reader<string> = (value) => {
  if (typeof value === "string") return value;
  throw expected("a text", value);
};

export const flag: Reader<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw expected("true or false", value);
};

/** A finite number, not below `least`. */
export function number(least: number): Reader<number> {
  return (value) => {
    if (typeof value === "number" && Number.isFinite(value) && value >= least) return value;
    throw expected(`a number from ${least}`, value);
  };
}

/** A whole number. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  return (value) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most)
      return value;
    throw expected(`a whole number from ${least} to ${most}`, value);
  };
}

/** What may be missing: null, and undefined when read. */
export function orNull<T>(read: Reader<T>): Reader<T | undefined> {
  return (value) => (value === null ? undefined : read(value));
}

export function list<T>(read: Reader<T>, most = Number.MAX_SAFE_INTEGER): Reader<T[]> {
  return (value) => {
    if (Array.isArray(value) && value.length <= most) return value.map(read);
    throw expected(`a list of at most ${most}`, value);
  };
}

/** A list with a meaning for each place. */
export function tuple<T extends readonly unknown[]>(
  ...readers: { [Place in keyof T]: Reader<T[Place]> }
): Reader<T> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== readers.length)
      throw expected(`a list of ${readers.length}`, value);
    const read: unknown = readers.map((reader: Reader<unknown>, place) => reader(value[place]));
    // One of each reader, in their order: what the compiler does not see through `map`.
    return read as T;
  };
}

/** An object with these fields and no others. */
export function fields<T extends object>(readers: { [Name in keyof T]: Reader<T[Name]> }): Reader<T> {
  const names = Object.keys(readers);
  return (value) => {
    const given = record(anything)(value);
    const isAsExpected = given.size === names.length && names.every((name) => given.has(name));
    if (!isAsExpected) throw expected(`an object of ${names.join(", ")}`, value);
    const entries = Object.entries<Reader<unknown>>(readers).map(([name, read]) => [
      name,
      read(given.get(name)),
    ]);
    // One of each reader, under its name.
    return Object.fromEntries(entries) as T;
  };
}

/** An object of things of one kind. */
export function record<T>(read: Reader<T>): Reader<Map<string, T>> {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw expected("an object", value);
    return new Map(Object.entries(value).map(([name, one]) => [name, read(one)]));
  };
}

export function expected(what: string, value: unknown): NotAsExpected {
  return new NotAsExpected(`expected ${what}, not ${(JSON.stringify(value) ?? String(value)).slice(0, 80)}`);
}
