"use client";
/** React hooks over the client. `createHooks<App>()` gives them the types of an app. */
export { createHooks } from "./create-hooks.js";
export { usePresence, useStream, useTransient } from "./hooks.js";
export type { Pending } from "./pending.js";
export { TidemarkProvider, useClient, useStatus } from "./provider.js";
export type {
  Hooks,
  PresenceView,
  ProviderProps,
  StreamView,
  TransientView,
  UseStreamOptions,
  UseTransientOptions,
} from "./types.js";
