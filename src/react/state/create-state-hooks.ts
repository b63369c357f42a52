import type { TypedApp } from "../../protocol/index.js";
import { useStateChannel, useStateKey, useStateKeys, useStatePresence, useStateValue } from "./hooks.js";
import type { StateHooks } from "./types.js";

/**
 * The hooks on channels of keys with the types of an app, which is all that this does: the functions are always the same. Their
 * client is that of the `TidemarkProvider` of `tidemark/react`.
 *
 * @example
 * // realtime.ts
 * import type { App } from "./server.js";
 * export const { TidemarkProvider, useStream } = createHooks<App>();
 * export const { useStateChannel, useStateKey, useStateKeys } = createStateHooks<App>();
 */
export function createStateHooks<App extends TypedApp = TypedApp>(): StateHooks<App> {
  return { useStateChannel, useStateKey, useStateKeys, useStatePresence, useStateValue };
}
