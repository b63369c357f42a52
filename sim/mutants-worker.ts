/** Runs seeds on one copy of the library until one of them breaks a promise. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type * as Testing from "tidemark/testing";
import type { Mutant } from "./mutants-table.js";

export interface Order {
  /** The copy's `testing` module. */
  readonly module: string;
  readonly seeds: number;
  readonly kind: Mutant["kind"];
}

export interface Found {
  /** The first seed that failed; `undefined` when none did. */
  readonly seed: number | undefined;
  readonly promise: string;
  readonly message: string;
}

/** What the worker says: that a run begins, and at the end what was found. */
export type Told = { readonly begins: number } | { readonly found: Found };

const { module, seeds, kind } = workerData as Order;
const { simulate } = (await import(pathToFileURL(module).href)) as typeof Testing;
let found: Found = { seed: undefined, promise: "", message: "" };
for (let seed = 1; seed <= seeds && found.seed === undefined; seed++) {
  const begins: Told = { begins: seed };
  parentPort?.postMessage(begins);
  try {
    const [violation] = (await simulate({ seed, ...(kind !== undefined && { kind }) })).violations;
    if (violation !== undefined) found = { seed, promise: violation.promise, message: violation.message };
  } catch (error) {
    found = {
      seed,
      promise: "no complaints",
      message: error instanceof Error ? error.message : String(error),
    };
  }
}
const told: Told = { found };
parentPort?.postMessage(told);
