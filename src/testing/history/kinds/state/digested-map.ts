/** A map of texts that knows its digest: only what changes is hashed, and not the whole map for every message. */
import { hashOf, minus, plus } from "./digest.js";

interface Held {
  readonly text: string;
  readonly hash: number;
}

export class DigestedMap {
  readonly #held: Map<string, Held>;
  #digest: number;

  /** @param from whose keys it begins with */
  constructor(from?: DigestedMap) {
    this.#held = new Map(from === undefined ? [] : from.#held);
    this.#digest = from === undefined ? 0 : from.#digest;
  }

  get digest(): number {
    return this.#digest;
  }

  get(slot: string): string | undefined {
    return this.#held.get(slot)?.text;
  }

  set(slot: string, text: string): void {
    const before = this.#held.get(slot);
    if (before?.text === text) return;
    const hash = hashOf(slot, text);
    this.#digest = plus(before === undefined ? this.#digest : minus(this.#digest, before.hash), hash);
    this.#held.set(slot, { text, hash });
  }

  delete(slot: string): void {
    const before = this.#held.get(slot);
    if (before === undefined) return;
    this.#digest = minus(this.#digest, before.hash);
    this.#held.delete(slot);
  }

  clear(): void {
    this.#held.clear();
    this.#digest = 0;
  }
}
