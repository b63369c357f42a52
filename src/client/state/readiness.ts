import type { TidemarkError } from "../errors.js";

/** Whether a handle has its map. */
export class Readiness {
  readonly promise: Promise<void>;
  /** Whether its handle was told that it gets none. */
  isRefused = false;
  #resolve!: () => void;
  #reject!: (error: TidemarkError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever awaits it gets the error; with nobody awaiting it, the error event is enough.
    this.promise.catch(() => {});
  }

  resolve(): void {
    this.#resolve();
  }

  reject(error: TidemarkError): void {
    this.isRefused = true;
    this.#reject(error);
  }
}
