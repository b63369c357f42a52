/**
 * What somebody who cares writes around a server without such channels: changes are gathered, and every 50 ms the newest
 * value of each key that has changed is sent to all. In the form that Tidemark's messages have, `[key, value, key, value]`.
 */
import type { Sending } from "./serve.js";
import type { SetValue } from "./source.js";

const EVERY_MS = 50;

/** How to set a value on a server that can only `send` to everybody. */
export function settingBy(
  sending: Sending | undefined,
  send: (changes: readonly unknown[]) => void,
): SetValue {
  if (sending === "each") return (key, value) => send([key, value]);
  const newest = new Map<string, unknown>();
  setInterval(() => {
    if (newest.size === 0) return;
    send([...newest].flat());
    newest.clear();
  }, EVERY_MS);
  return (key, value) => void newest.set(key, value);
}
