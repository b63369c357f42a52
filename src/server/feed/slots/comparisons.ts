/** Who waits until what a node has of a log was compared with the broker. */
interface Waiting {
  /** The comparison that is enough, or any after it. */
  readonly number: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Comparisons {
  #waiting: Waiting[] = [];

  /** Resolves with the comparison of that number; rejects with what it fails with. */
  until(number: number): Promise<void> {
    return new Promise((resolve, reject) => void this.#waiting.push({ number, resolve, reject }));
  }

  /** All comparisons up to that number have been made. */
  done(number: number): void {
    const ready = this.#waiting.filter((one) => one.number <= number);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => one.number > number);
    for (const { resolve } of ready) resolve();
  }

  /** One has failed: nobody waits on. */
  fail(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
