/** Calls every listener of an event. A listener that throws stops nothing: the others run, and `onError` is told. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, readonly ((value: never) => void)[]>();
  readonly #onError: (thrown: unknown, name: keyof Events) => void;

  constructor(onError: (thrown: unknown, name: keyof Events) => void) {
    this.#onError = onError;
  }

  /** Listens; the function it returns stops that. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    // A listener may be given twice and each is taken off by its own function, hence a new one each time.
    const own = (value: Events[Name]): void => listener(value);
    // The lists are replaced, never changed, so that emit can walk one while listeners come and go.
    this.#listeners.set(name, [...this.#of(name), own]);
    return () => {
      this.#listeners.set(
        name,
        this.#of(name).filter((other) => other !== own),
      );
    };
  }

  has(name: keyof Events): boolean {
    return this.#of(name).length > 0;
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of this.#of(name)) {
      try {
        listener(value as never);
      } catch (thrown) {
        this.#onError(thrown, name);
      }
    }
  }

  #of(name: keyof Events): readonly ((value: never) => void)[] {
    return this.#listeners.get(name) ?? [];
  }
}
