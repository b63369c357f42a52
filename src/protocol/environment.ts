/** A running timer, as {@link Clock.setTimeout} returned it. */
export type Timer = unknown;

/**
 * Time, as the rest of the code may know it. Everything that waits or looks at a clock is given one, so that a
 * whole cluster can run in virtual time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970; may step in either direction. */
  now(): number;
  /** Milliseconds since some fixed moment; never steps back. For durations and deadlines. */
  monotonic(): number;
  /** Calls `run` once, not before `ms` milliseconds have passed. */
  setTimeout(run: () => void, ms: number): Timer;
  /** Cancels a timer; does nothing when it has run. */
  clearTimeout(timer: Timer): void;
  /** Calls `run` once, after the input that is ready now has been handled. */
  setImmediate(run: () => void): void;
}

/** Where randomness comes from. */
export interface Random {
  /** A number from 0 up to, not including, 1. For jitter; not for secrets. */
  float(): number;
  /** A fresh name of 22 letters, digits, `-` and `_`: 128 random bits. For secrets and names that must not meet. */
  id(): string;
}
