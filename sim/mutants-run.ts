import { Worker } from "node:worker_threads";
import type { Mutant } from "./mutants-table.js";
import type { Found, Order, Told } from "./mutants-worker.js";
import { ROOMY } from "./pool.js";

/** A run that ends neither well nor badly within this time does not end: that shows too. */
const PATIENCE_MS = 60_000;

/** Runs up to `seeds` seeds on a copy of the library, on a thread of its own. Rejects when the copy cannot be loaded. */
export async function tryCopy(module: string, seeds: number, kind?: Mutant["kind"]): Promise<Found> {
  const order: Order = { module, seeds, kind };
  const place = new URL("./mutants-worker.js", import.meta.url);
  const worker = new Worker(place, { workerData: order, resourceLimits: ROOMY });
  try {
    return await new Promise((resolve, reject) => {
      let seed = 0;
      const late = (): void => resolve({ seed, promise: "progress", message: "the run did not end" });
      const timer = setTimeout(late, PATIENCE_MS);
      worker.on("message", (told: Told) => {
        if ("begins" in told) {
          seed = told.begins;
          timer.refresh();
          return;
        }
        clearTimeout(timer);
        resolve(told.found);
      });
      // A copy that does not run is no bug that was found.
      worker.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
    });
  } finally {
    await worker.terminate();
  }
}
