/** Runs seeds on a core of its own: one message in, one out. */
import { parentPort } from "node:worker_threads";
import { simulate, type SimKindName, type Violation } from "tidemark/testing";

export interface Job {
  readonly seed: number;
  readonly steps: number | undefined;
  readonly kind: SimKindName | undefined;
}

/** What is worth telling of a run. */
export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly ms: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
}

// Refusals are made by the thousand, and nobody reads where each was made; a seed that fails is run again by itself.
Error.stackTraceLimit = 0;

parentPort?.on("message", (job: Job) => {
  const { seed, steps, kind } = job;
  void simulate({ seed, ...(steps !== undefined && { steps }), ...(kind !== undefined && { kind }) }).then(
    ({ hash, ms, counts, violations }) => {
      const outcome: Outcome = { seed: job.seed, hash, ms, counts, violations: violations.slice(0, 5) };
      parentPort?.postMessage(outcome);
    },
  );
});
