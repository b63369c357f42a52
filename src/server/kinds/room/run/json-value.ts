/** JSON values that enter a room: the same for a hook now and for one that reads them from the log later. */

/** Deeper than this nothing is an input, and reading it would run out of stack. */
const MOST_DEPTH = 32;

/**
 * Freezes a JSON value all through, in place, so that no hook can change what a replay will read again; -0, which JSON text has
 * no form for, becomes 0. Hot: each input passes here.
 *
 * @returns undefined where the value is nested deeper than 32 levels
 */
export function freezeJson(value: unknown): { readonly value: unknown } | undefined {
  return isFrozenThrough(value, MOST_DEPTH) ? { value: Object.is(value, -0) ? 0 : value } : undefined;
}

/** Whether a value is nested deeper than an input may be: whatever goes through it would run out of stack. Hot: once an input. */
export function isTooDeep(value: unknown, depth = MOST_DEPTH): boolean {
  if (!isObject(value)) return false;
  if (depth === 0) return true;
  for (const name in value) if (isTooDeep(value[name], depth - 1)) return true;
  return false;
}

function isFrozenThrough(value: unknown, depth: number): boolean {
  if (!isObject(value)) return true;
  if (depth === 0) return false;
  for (const name in value) {
    const field = value[name];
    if (Object.is(field, -0)) value[name] = 0;
    else if (!isFrozenThrough(field, depth - 1)) return false;
  }
  Object.freeze(value);
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A value as it comes out at the other end of a wire. What JSON has no form for is null. */
export function throughJson(value: unknown): unknown {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}
