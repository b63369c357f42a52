import type { TypedApp } from "../protocol/index.js";
import { usePresence, useStream, useTransient } from "./hooks.js";
import { TidemarkProvider, useClient, useStatus } from "./provider.js";
import type { Hooks } from "./types.js";

/**
 * The hooks with the types of an app, which is all that this does: the functions are always the same.
 *
 * @example
 * // realtime.ts
 * import type { App } from "./server.js";
 * export const { TidemarkProvider, useStream, usePresence, useStatus } = createHooks<App>();
 */
export function createHooks<App extends TypedApp = TypedApp>(): Hooks<App> {
  // The one place where the app's types are believed, as in the client.
  return {
    TidemarkProvider,
    useClient,
    usePresence,
    useStatus,
    useStream,
    useTransient,
  } as unknown as Hooks<App>;
}
