"use client";
/** React hooks on rooms. */
export { useFrame, usePlay } from "./hooks.js";
export type { PlayView } from "./types.js";
