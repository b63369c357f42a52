/** Reads the small things that letters between nodes are made of. */
import { expected, type Reader } from "./run/strict-json.js";
import { isReignName } from "./tick-message.js";

/** This name and no other. */
export function is<Is extends string>(name: Is): Reader<Is> {
  return (value) => {
    if (value === name) return name;
    throw expected(name, value);
  };
}

/** One of these. */
export function oneOf<const T extends string>(...names: readonly T[]): Reader<T> {
  return (value) => names.find((name) => name === value) ?? raise(expected(names.join(" or "), value));
}

/** Throws it, where an expression is wanted. */
export function raise(error: Error): never {
  throw error;
}

/** The name of a reign. */
export const reign: Reader<string> = (value) =>
  isReignName(value) ? value : raise(expected("the name of a reign", value));

/** What an item says it is; `undefined` where it is no object or says nothing. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("is" in value)) return undefined;
  return typeof value.is === "string" ? value.is : undefined;
}

/** Whether a table has such an item. */
export function isOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}
