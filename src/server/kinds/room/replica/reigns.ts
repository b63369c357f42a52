/** Which reign of a room is the newest: by what is in its log, and by nothing else. */
import type { Epoch } from "../../../../broker/index.js";
import type { Cursor } from "../../../../protocol/index.js";

/** A reign as the log has it. */
export interface FoundReign {
  /** 48 random bits. */
  readonly name: string;
  /** The node that it is of. */
  readonly node: string;
  /** Whether its owner has given the room up. */
  readonly released: boolean;
  /** The epoch of the log in which it began. */
  readonly epoch: string;
  /** Where it was written. */
  readonly at: Cursor;
}

/** Names that are remembered as those of the past. */
const MOST_PAST = 16;

/**
 * What a node knows of a room's reigns. Of two the later one is that which was written later; a name alone says nothing, since
 * signals may come late, and numbers come again where a store loses its end.
 */
export class Reigns {
  #newest: FoundReign | undefined;
  /** Names that were looked for in the log, and were not the newest; the oldest first. */
  readonly #past = new Set<string>();

  get newest(): FoundReign | undefined {
    return this.#newest;
  }

  /** What is said under a name: it is `newest`, of the `past` and to be dropped, or `unknown`: then the log is to be read. */
  judge(name: string): "newest" | "past" | "unknown" {
    if (name === this.#newest?.name) return "newest";
    return this.#past.has(name) ? "past" : "unknown";
  }

  /**
   * The log has this one.
   *
   * @param epochs of the log, as it told them with that, or later
   * @returns whether it is another one than before, and later
   */
  learn(found: FoundReign, epochs: readonly Epoch[]): boolean {
    const before = this.#newest;
    if (before !== undefined && !isLater(found.at, before.at, epochs)) return false;
    this.#newest = found;
    this.#past.delete(found.name);
    if (before === undefined) return true;
    if (before.name === found.name) return false;
    this.rule(before.name);
    return true;
  }

  /** The log was read after something was heard under this name, which it does not say to be the newest. */
  rule(name: string): void {
    if (name === this.#newest?.name) return;
    this.#past.delete(name);
    this.#past.add(name);
    for (const oldest of this.#past) {
      if (this.#past.size <= MOST_PAST) return;
      this.#past.delete(oldest);
    }
  }
}

/**
 * Whether an entry that the log has was written later than another one, which it may have lost. What was written behind the base
 * of an epoch is later than all of the epochs before, whatever their offsets were.
 */
export function isLater(one: Cursor, other: Cursor, epochs: readonly Epoch[]): boolean {
  const index = epochs.findIndex(({ epoch, earlier }) => epoch === other.epoch || earlier === other.epoch);
  if (index < 0) return true;
  const next = epochs[index + 1];
  return (next !== undefined && one.offset > next.base) || one.offset > other.offset;
}
