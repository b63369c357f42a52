/** How far the others have read. Somebody who says it again, from wherever, has never read less than before. */
import type { Mention } from "./content.js";

export interface Reader extends Mention {
  /** The offset of the last message that they have had in sight. */
  readonly upTo: number;
}

export class Receipts {
  readonly #readers = new Map<string, Reader>();

  /** False if it was known already. */
  heard(reader: Reader): boolean {
    const before = this.#readers.get(reader.id);
    if (before !== undefined && before.upTo >= reader.upTo) return false;
    this.#readers.set(reader.id, reader);
    return true;
  }

  /** How far this one has read; 0 when they never said. */
  upToOf(id: string): number {
    return this.#readers.get(id)?.upTo ?? 0;
  }

  /** Everybody but this one. */
  others(id: string): Reader[] {
    return [...this.#readers.values()].filter((reader) => reader.id !== id);
  }
}

/**
 * Below one's own message.
 *
 * @example seenText(["Ann", "Bob"]) // "Seen by Ann and Bob"
 */
export function seenText(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return "Sent";
  if (second === undefined) return `Seen by ${first}`;
  if (names.length === 2) return `Seen by ${first} and ${second}`;
  return `Seen by ${first}, ${second} and ${names.length - 2} more`;
}
