/** Several workers that take seeds as they get done. */
import { Worker } from "node:worker_threads";
import type { Job, Outcome } from "./worker.js";

/** A run makes much and keeps little of it: with room for that, less is moved about. */
export const ROOMY = { maxYoungGenerationSizeMb: 96 } as const;

/** Runs every seed from `from` to `to`; `onOutcome` is called as they end, in no order. Rejects when a worker fails. */
export async function runSeeds(
  { from, to, workers, ...job }: { from: number; to: number; workers: number } & Omit<Job, "seed">,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  let next = from;
  const one = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { resourceLimits: ROOMY });
    try {
      while (next <= to) onOutcome(await ask(worker, { ...job, seed: next++ }));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(workers, to - from + 1)) }, one));
}

function ask(worker: Worker, job: Job): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new Error(`seed ${job.seed}: ${error.message}`, { cause: error }));
    worker.once("error", failed);
    worker.once("message", (outcome: Outcome) => {
      worker.off("error", failed);
      resolve(outcome);
    });
    worker.postMessage(job);
  });
}
