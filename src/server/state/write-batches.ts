/** What is set and deleted on one channel in a short time, put together to as few changes as it takes. */
import { MOST_CHANGE_BYTES, MOST_KEYS } from "../kinds/slots/change-request.js";
import type { StateWritten } from "./changing.js";

/** Values are looked into so deep. What is deeper is taken for too large to go with others. */
const MOST_DEPTH = 32;

/** In place of a value: the key is deleted. */
export const GONE: unique symbol = Symbol("gone");

/** One call: all of its keys are in one change. */
export interface WriteCall {
  readonly writes: readonly (readonly [key: string, value: unknown])[];
  readonly ttl: number | undefined;
  readonly resolve: (written: StateWritten) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls that go as one change, with the newest value of each key. */
export class WriteBatch {
  readonly at: number;
  readonly ttl: number | undefined;
  readonly calls: WriteCall[] = [];
  readonly values = new Map<string, unknown>();
  bytes = 0;

  /** @param at its place among the batches, which are written one after the other */
  constructor(at: number, ttl: number | undefined) {
    this.at = at;
    this.ttl = ttl;
  }

  add(call: WriteCall, bytes: number): void {
    this.calls.push(call);
    this.bytes += bytes;
    for (const [key, value] of call.writes) this.values.set(key, value);
  }
}

export class WriteBatches {
  readonly batches: WriteBatch[] = [];
  /** Resolves when all of them have been written, or have failed. */
  readonly settled: Promise<void>;
  settle: () => void = () => {};
  /** By time to live, which all keys of a change share: the last batch of it. */
  readonly #open = new Map<number | undefined, WriteBatch>();

  constructor() {
    this.settled = new Promise((resolve) => (this.settle = resolve));
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  /** Hot path: once for each key that the application sets. */
  add(call: WriteCall): void {
    let bytes = 0;
    for (const [key, value] of call.writes) bytes += 3 * key.length + guessedBytes(value);
    let batch = this.#open.get(call.ttl);
    if (batch === undefined || !this.#fits(batch, call, bytes)) {
      batch = new WriteBatch(this.batches.length, call.ttl);
      this.batches.push(batch);
      this.#open.set(call.ttl, batch);
    }
    batch.add(call, bytes);
  }

  #fits(batch: WriteBatch, { writes }: WriteCall, bytes: number): boolean {
    if (batch.bytes + bytes > MOST_CHANGE_BYTES) return false;
    // What was set later must not be written before.
    for (let at = batch.at + 1; at < this.batches.length; at++) {
      const later = this.batches[at] as WriteBatch;
      if (writes.some(([key]) => later.values.has(key))) return false;
    }
    const { size } = batch.values;
    if (size + writes.length <= MOST_KEYS) return true;
    return size + writes.filter(([key]) => !batch.values.has(key)).length <= MOST_KEYS;
  }
}

/** About how many bytes of JSON a value is, rather too many than too few; no more is looked into than takes it beyond `most`. */
export function guessedBytes(value: unknown, most = MOST_CHANGE_BYTES, depth = 0): number {
  if (typeof value === "string") return 3 * value.length + 2;
  if (typeof value !== "object" || value === null) return 24;
  if (depth === MOST_DEPTH) return MOST_CHANGE_BYTES;
  let bytes = 2;
  for (const name in value) {
    if (bytes > most) break;
    const held: unknown = (value as Readonly<Record<string, unknown>>)[name];
    bytes += 3 * name.length + 4 + guessedBytes(held, most - bytes, depth + 1);
  }
  return bytes;
}
