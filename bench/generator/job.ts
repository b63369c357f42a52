/** A load that can be begun, read and ended. What there is to choose from are the files in jobs/. */
import type { DialectName } from "./dialect.js";

/** Where a load goes. */
export interface Target {
  readonly port: number;
  readonly host?: string;
  readonly dialect: DialectName;
}

/** What a load has seen since its beginning; latencies since the last {@link Job.forget}. */
export interface Reading {
  /** Microseconds on the clock of this machine. */
  readonly at: number;
  readonly deliveries: number;
  /** Answers to requests. */
  readonly answers: number;
  readonly connections: number;
  /** Connections that have ended although nobody wanted that. */
  readonly lost: number;
  /** Microseconds from the intended sending to the arrival: what a `Histogram` adds. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  readonly slowest: number;
}

export interface Job {
  /** Begins with what the members do; they have joined before. */
  run(): void;
  reading(): Reading;
  /** Forgets the latencies so far: they were of the warming up. */
  forget(): void;
  /** Ends it; resolves when what was under way has arrived or will not. */
  stop(): Promise<void>;
  /** Lets go of all connections. */
  leave(): void;
}

/** What all jobs count. */
export class Tally {
  deliveries = 0;
  answers = 0;
  connections = 0;
  lost = 0;
}

/** How long nothing must have come before nothing more is expected, in milliseconds. */
const QUIET_MS = 100;

/** Resolves when `count` has not changed for a while, at the earliest when it is `least`. */
export async function settled(count: () => number, least = 0): Promise<void> {
  let before = -1;
  while (before !== count() || before < least) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}
