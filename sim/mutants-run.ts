import { Worker } from "node:worker_threads";
import type { Found, Order } from "./mutants-worker.js";

/** A run that ends neither well nor badly within this time does not end: that shows too. */
const PATIENCE_MS = 240_000;

/** Runs up to `seeds` seeds on a copy of the library, on a thread of its own. */
export function tryCopy(module: string, seeds: number): Promise<Found> {
  const order: Order = { module, seeds };
  const worker = new Worker(new URL("./mutants-worker.js", import.meta.url), { workerData: order });
  return new Promise((resolve) => {
    const finish = (found: Found): void => {
      clearTimeout(timer);
      resolve(found);
      void worker.terminate();
    };
    const timer = setTimeout(
      () => finish({ seed: 0, promise: "progress", message: "the run did not end" }),
      PATIENCE_MS,
    );
    worker.once("message", finish);
    worker.once("error", (error) => finish({ seed: 0, promise: "no complaints", message: error.message }));
  });
}
