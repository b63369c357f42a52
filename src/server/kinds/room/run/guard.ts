import type { Call } from "./calls.js";

/** A fence around hooks, within which nothing reads a clock or rolls a die. It is for tests and development. */
export interface Guard {
  /** Runs it, and takes the fence away however it ends. */
  within<T>(run: () => T): T;
  /** Told of each hook of a tick before it is called. Hot path. */
  calling?(hook: Call["is"]): void;
}

export const NO_GUARD: Guard = { within: (run) => run() };
