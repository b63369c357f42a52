import type { Clock } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";

/** The promise's outcome, or `unavailable` when it has none within `ms` milliseconds. */
export function within<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      reject(new BrokerError("unavailable", `Redis did not ${what} within ${Math.round(ms)} ms`));
    }, ms);
    promise.then(
      (value) => {
        clock.clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clock.clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
