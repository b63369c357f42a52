import type { TidemarkError } from "../errors.js";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: TidemarkError) => void;
}

/** Who waits for what comes of inputs, by their numbers. */
export class Awaited {
  readonly #waiting = new Map<number, Waiting>();

  /** Resolves when the input is done with. */
  of(number: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
  }

  /** All up to this number are done with. Hot: once a frame. */
  done(last: number): void {
    for (const [number, { resolve }] of this.#waiting) {
      if (number > last) continue;
      this.#waiting.delete(number);
      resolve();
    }
  }

  /** One does not count, or none of them does. */
  refuse(error: TidemarkError, only?: number): void {
    for (const [number, { reject }] of this.#waiting) {
      if (only !== undefined && number !== only) continue;
      this.#waiting.delete(number);
      reject(error);
    }
  }
}
