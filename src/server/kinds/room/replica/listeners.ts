/** Those who are told of something that comes again and again. None of them may throw. */
export class Listeners<T> {
  #all: readonly ((told: T) => void)[] = [];

  /** Returns the way to stop. */
  add(listener: (told: T) => void): () => void {
    this.#all = [...this.#all, listener];
    return () => {
      this.#all = this.#all.filter((other) => other !== listener);
    };
  }

  tell(told: T): void {
    for (const listener of this.#all) listener(told);
  }
}
