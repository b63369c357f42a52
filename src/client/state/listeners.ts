import type { Off } from "../types.js";
import type { Changes } from "./types.js";

/** Those who listen to one key, or to what a selector makes of the map. */
export class Listeners<Value> {
  readonly #map: ReadonlyMap<string, Value>;
  readonly #failed: (thrown: unknown) => void;
  readonly #byKey = new Map<string, Set<() => void>>();
  readonly #selections = new Set<() => void>();

  /** @param failed is told of a listener, or a selector, that throws; the others run */
  constructor(map: ReadonlyMap<string, Value>, failed: (thrown: unknown) => void) {
    this.#map = map;
    this.#failed = failed;
  }

  onKey(key: string, listener: (value: Value | undefined) => void): Off {
    const look = this.#lookFor(
      (map) => map.get(key),
      (value) => listener(value),
      Object.is,
    );
    const looks = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, looks.add(look));
    return () => {
      looks.delete(look);
      if (looks.size === 0 && this.#byKey.get(key) === looks) this.#byKey.delete(key);
    };
  }

  onSelection<Selected>(
    selector: (map: ReadonlyMap<string, Value>) => Selected,
    listener: (selected: Selected, before: Selected) => void,
    equal: (a: Selected, b: Selected) => boolean,
  ): Off {
    const look = this.#lookFor(selector, listener, equal);
    this.#selections.add(look);
    return () => void this.#selections.delete(look);
  }

  show({ changed }: Changes): void {
    // Whichever are fewer.
    if (changed.size < this.#byKey.size) {
      for (const key of changed) this.#run(this.#byKey.get(key));
    } else {
      for (const [key, looks] of this.#byKey) if (changed.has(key)) this.#run(looks);
    }
    this.#run(this.#selections);
  }

  #lookFor<Selected>(
    selector: (map: ReadonlyMap<string, Value>) => Selected,
    listener: (selected: Selected, before: Selected) => void,
    equal: (a: Selected, b: Selected) => boolean,
  ): () => void {
    let last = selector(this.#map);
    return () => {
      const before = last;
      const selected = selector(this.#map);
      if (equal(before, selected)) return;
      last = selected;
      listener(selected, before);
    };
  }

  #run(looks: ReadonlySet<() => void> | undefined): void {
    for (const look of looks ?? []) {
      try {
        look();
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
  }
}
