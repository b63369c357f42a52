/** Which keys of a channel a handle wants: those with a prefix, those of a list, or, where it says neither, all. */
import { type SlotFilter, utf8Length } from "../../protocol/index.js";
import { TidemarkError } from "../errors.js";

/** The most keys that a list may have. */
const MOST_KEYS = 1000;
/** The most bytes that they may have together, so that a subscribe command fits into a frame with others. */
const MOST_BYTES = 16 * 1024;

/**
 * Reads a filter.
 *
 * @throws {TidemarkError} `invalid` for a prefix and a list together, an empty list, and one of too many keys
 */
export function filterOf({ prefix, keys }: SlotFilter): SlotFilter {
  if (keys === undefined) return prefix === undefined || prefix === "" ? {} : { prefix };
  if (prefix !== undefined) throw new TidemarkError("invalid", "a filter is a prefix or a list of keys");
  const list = [...new Set(keys)];
  if (list.length > 0 && fits(list)) return { keys: list };
  const most = `1 to ${MOST_KEYS} of ${MOST_BYTES} bytes together`;
  throw new TidemarkError("invalid", `${list.length} keys are no filter: ${most}; take a prefix, or all`);
}

/** Says of a key whether it passes. */
export function passes({ prefix, keys }: SlotFilter): (key: string) => boolean {
  if (keys) {
    const listed = new Set(keys);
    return (key) => listed.has(key);
  }
  return (key) => key.startsWith(prefix ?? "");
}

/** Whether all that passes `inner` passes `outer`. */
export function covers(outer: SlotFilter, inner: SlotFilter): boolean {
  const wide = passes(outer);
  if (inner.keys) return inner.keys.every(wide);
  return !outer.keys && (inner.prefix ?? "").startsWith(outer.prefix ?? "");
}

/** What both see, in one filter, which may let more pass. */
export function union(a: SlotFilter, b: SlotFilter): SlotFilter {
  if (covers(a, b)) return a;
  if (covers(b, a)) return b;
  const keys = a.keys && b.keys ? [...new Set([...a.keys, ...b.keys])] : [];
  return keys.length > 0 && fits(keys) ? { keys } : {};
}

function fits(keys: readonly string[]): boolean {
  return keys.length <= MOST_KEYS && utf8Length(JSON.stringify(keys)) <= MOST_BYTES;
}
