/** A fence around hooks, within which nothing reads a clock or rolls a die. It is for tests and development. */
export interface Guard {
  /** Runs it, and takes the fence away however it ends. */
  within<T>(run: () => T): T;
}

export const NO_GUARD: Guard = { within: (run) => run() };
