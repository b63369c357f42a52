import type { Row } from "./column.js";
import type { History } from "./history.js";

/**
 * The rows of a table as they were in one tick, in their order then: a map to read from, with rows that are frozen. Rows are made
 * when they are asked for. It can be read for as long as the tick is among the newest 33; what was got from it stays.
 */
export class Past implements ReadonlyMap<string, Row> {
  readonly #history: History;
  readonly #tick: number;
  /** How many rows there were. */
  readonly size: number;
  /** What was asked for, while not all of them were. */
  readonly #some = new Map<string, Row>();
  #all: Map<string, Row> | undefined;

  constructor(history: History, tick: number) {
    this.#history = history;
    this.#tick = tick;
    this.size = history.idsAt(tick).length;
  }

  has(key: string): boolean {
    return this.#all?.has(key) ?? this.#idOf(key) !== undefined;
  }

  get(key: string): Row | undefined {
    if (this.#all !== undefined) return this.#all.get(key);
    const id = this.#idOf(key);
    return id === undefined ? undefined : this.#row(key, id);
  }

  forEach(each: (row: Row, key: string, map: ReadonlyMap<string, Row>) => void): void {
    for (const [key, row] of this.#rows()) each(row, key, this);
  }

  entries(): ReturnType<Map<string, Row>["entries"]> {
    return this.#rows().entries();
  }

  keys(): ReturnType<Map<string, Row>["keys"]> {
    return this.#rows().keys();
  }

  values(): ReturnType<Map<string, Row>["values"]> {
    return this.#rows().values();
  }

  [Symbol.iterator](): ReturnType<Map<string, Row>["entries"]> {
    return this.#rows().entries();
  }

  #rows(): Map<string, Row> {
    if (this.#all !== undefined) return this.#all;
    this.#check();
    const { keys } = this.#history.entities;
    this.#all = new Map();
    for (const id of this.#history.idsAt(this.#tick)) {
      const key = keys[id] ?? "";
      this.#all.set(key, this.#row(key, id));
    }
    this.#some.clear();
    return this.#all;
  }

  #row(key: string, id: number): Row {
    let row = this.#some.get(key);
    if (row === undefined) {
      row = Object.freeze(this.#history.rowAt(id, this.#tick));
      if (this.#all === undefined) this.#some.set(key, row);
    }
    return row;
  }

  #idOf(key: string): number | undefined {
    this.#check();
    return this.#history.entities.idAt(key, this.#tick);
  }

  #check(): void {
    if (!this.#history.holds(this.#tick))
      throw new RangeError(`tick ${this.#tick} is no longer held: the newest is ${this.#history.newest}`);
  }
}
