"use client";
/** React hooks on channels of keys. `createStateHooks<App>()` gives them the types of an app. */
export { createStateHooks } from "./create-state-hooks.js";
export { useStateChannel, useStateKey, useStateKeys, useStatePresence, useStateValue } from "./hooks.js";
export type { StateHooks, StateView } from "./types.js";
