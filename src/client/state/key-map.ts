/** A map as applications see it: nobody can change it, and it has the keys that its handle wants. */
export class KeyMap<Value> implements ReadonlyMap<string, Value> {
  readonly #all: ReadonlyMap<string, Value>;
  readonly #passes: (key: string) => boolean;

  constructor(all: ReadonlyMap<string, Value>, passes: (key: string) => boolean) {
    this.#all = all;
    this.#passes = passes;
  }

  get size(): number {
    let size = 0;
    for (const key of this.#all.keys()) if (this.#passes(key)) size++;
    return size;
  }

  get(key: string): Value | undefined {
    return this.#passes(key) ? this.#all.get(key) : undefined;
  }

  has(key: string): boolean {
    return this.#passes(key) && this.#all.has(key);
  }

  forEach(act: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void, self?: unknown): void {
    for (const [key, value] of this) act.call(self, value, key, this);
  }

  *entries(): Generator<[string, Value], undefined> {
    for (const entry of this.#all) if (this.#passes(entry[0])) yield entry;
    return undefined;
  }

  *keys(): Generator<string, undefined> {
    for (const [key] of this) yield key;
    return undefined;
  }

  *values(): Generator<Value, undefined> {
    for (const [, value] of this) yield value;
    return undefined;
  }

  [Symbol.iterator](): Generator<[string, Value], undefined> {
    return this.entries();
  }
}
