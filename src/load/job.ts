/** A load that can be begun, read and ended. The two that a user can choose from are the files in jobs/. */
import type { Refusal } from "./dialect.js";
import { micros } from "./payload.js";

/** What a load has seen since its beginning; latencies since the last {@link Job.forget}. */
export interface Reading {
  /** Microseconds on the clock of this machine. */
  readonly at: number;
  /** Messages that were sent. */
  readonly published: number;
  readonly deliveries: number;
  /** Answers to requests and publishes. */
  readonly answers: number;
  readonly connections: number;
  /** Connections that have ended although nobody wanted that. */
  readonly lost: number;
  /** The first thing that went wrong: a connection that was lost, a publish that was refused. */
  readonly failure?: Refusal;
  /** Microseconds from the intended sending to the arrival: what a `Histogram` adds. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  readonly slowest: number;
}

/** A load that can be begun, read and ended. */
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
  published = 0;
  deliveries = 0;
  answers = 0;
  lost = 0;
  failure: Refusal | undefined;

  /** As events of members. */
  readonly events = {
    answer: (): void => void this.answers++,
    refused: (_: unknown, refusal: Refusal): void => void (this.failure ??= refusal),
    lost: (_: unknown, message: string): void => {
      this.lost++;
      this.failure ??= { code: "connection_lost", message };
    },
  };

  reading(): Omit<Reading, "at" | "connections" | "latencies" | "slowest"> {
    const { published, deliveries, answers, lost, failure } = this;
    return { published, deliveries, answers, lost, ...(failure !== undefined && { failure }) };
  }
}

/** How long nothing must have come before nothing more is expected, in milliseconds. */
const QUIET_MS = 100;

/** How long what is under way is waited for, in milliseconds: a server that cannot keep up may need minutes. */
const PATIENCE_MS = 10_000;

/**
 * Resolves when `count` has not changed for `quiet` milliseconds, at the earliest when it is `least`. Without `least`
 * it resolves after ten seconds in any case.
 */
export async function settled(count: () => number, least = 0, quiet = QUIET_MS): Promise<void> {
  const end = micros() + PATIENCE_MS * 1000;
  let before = -1;
  while (before < least || (before !== count() && micros() < end)) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, quiet));
  }
}
