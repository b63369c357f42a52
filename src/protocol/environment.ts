/** A running timer, as {@link Clock.setTimeout} returned it. */
export type Timer = unknown;

/**
 * Time, as the rest of the code may know it. Everything that waits or looks at a clock is given one, so that a
 * whole cluster can run in virtual time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970; MAY step in either direction. */
  now(): number;
  /** Milliseconds since some fixed moment; MUST NOT step back. For durations and deadlines. */
  monotonic(): number;
  /** Calls `run` once; MUST NOT do so before `ms` milliseconds have passed, nor before this has returned. */
  setTimeout(run: () => void, ms: number): Timer;
  /** Cancels a timer, which MUST NOT run after that; does nothing when it has run. */
  clearTimeout(timer: Timer): void;
  /** Calls `run` once; MUST NOT do so before the input that is ready now has been handled. */
  setImmediate(run: () => void): void;
}

/** Where randomness comes from. */
export interface Random {
  /** A number from 0 up to, not including, 1. For jitter; not for secrets. */
  float(): number;
  /** A fresh name of 22 letters, digits, `-` and `_`: 128 random bits. For secrets and names that must not meet. */
  id(): string;
}
