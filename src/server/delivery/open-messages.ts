/** Messages of several parts that are in the middle, on one connection; and who waits for the end of all of them. */
export class OpenMessages {
  #open = 0;
  #whenWhole: (() => void) | undefined;

  /** Whether another one may be begun: not while the end of those that are open is waited for, nor after it. */
  get mayBegin(): boolean {
    return this.#whenWhole === undefined;
  }

  /** Whether none is open. */
  get whole(): boolean {
    return this.#open === 0;
  }

  begun(): void {
    this.#open++;
  }

  /** One has ended, or was broken off. Returns what there is to run now. */
  ended(): (() => void) | undefined {
    this.#open--;
    return this.whole ? this.#whenWhole : undefined;
  }

  /** Has `run` given back with the end of the last one. Only the first who waits is remembered. */
  wait(run: () => void): void {
    this.#whenWhole ??= run;
  }
}
