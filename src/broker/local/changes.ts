import type { Table } from "./environment.js";

/** What is to be written in one transaction. Later changes to a key win. */
export class Changes {
  readonly #tables: Table[] = [];
  readonly #keys: Uint8Array[] = [];
  readonly #values: (Uint8Array | undefined)[] = [];

  get size(): number {
    return this.#keys.length;
  }

  /** Keeps `value`, which must not change any more. */
  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.#add(table, key, value);
  }

  remove(table: Table, key: Uint8Array): void {
    this.#add(table, key, undefined);
  }

  /** Hands them to LMDB; called within a batch. */
  write(): void {
    for (const [i, table] of this.#tables.entries()) {
      const key = this.#keys[i] as Uint8Array;
      const value = this.#values[i];
      // The batch's own promise tells of all of them.
      if (value === undefined) void table.remove(key);
      else void table.put(key, value);
    }
  }

  #add(table: Table, key: Uint8Array, value: Uint8Array | undefined): void {
    this.#tables.push(table);
    this.#keys.push(key);
    this.#values.push(value);
  }
}
