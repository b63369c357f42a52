/**
 * How many changes there were: in all, and of slots with each prefix that somebody sees. What a slot has seen it counts itself. The
 * numbers mean something only in comparison with others of their era: changes that a node did not hear of one by one begin another.
 */
import type { Tally } from "../slots-kind.js";

interface PrefixCount {
  era: number;
  changes: number;
  /** How many see this prefix. */
  users: number;
}

/** The counts that a slot's changes belong to, as of when it was looked for. A slot hands it on from change to change. */
export interface Matching {
  readonly generation: number;
  readonly counts: readonly PrefixCount[];
}

const NO_COUNTS: readonly PrefixCount[] = [];
const NONE: Matching = { generation: -1, counts: NO_COUNTS };

export class ChangeCounts {
  #eras = 0;
  #era = 0;
  /** Of the sums over several slots. */
  #sumEra = 0;
  #changes = 0;
  readonly #prefixes = new Map<string, PrefixCount>();
  /** How long the prefixes are, each length once. */
  #lengths: readonly number[] = [];
  #generation = 0;
  /** Of all slots that no prefix is of. */
  #noMatch: Matching = NONE;

  /** Hot path. A slot has changed; gives what it is to come with when it changes next. */
  count(slot: string, known: Matching | undefined): Matching {
    this.#changes++;
    if (this.#prefixes.size === 0) return NONE;
    const matching = known?.generation === this.#generation ? known : this.#match(slot);
    const { counts } = matching;
    for (let i = 0; i < counts.length; i++) (counts[i] as PrefixCount).changes++;
    return matching;
  }

  /** In all. */
  get all(): Tally {
    return { era: this.#era, changes: this.#changes };
  }

  /** Of a prefix that somebody sees. */
  of(prefix: string): Tally | undefined {
    const count = this.#prefixes.get(prefix);
    return count && { era: count.era, changes: count.changes };
  }

  /** Of several slots that have seen so many together. */
  sum(changes: number): Tally {
    return { era: this.#sumEra, changes };
  }

  follow(prefix: string): void {
    const count = this.#prefixes.get(prefix);
    if (count !== undefined) {
      count.users++;
      return;
    }
    this.#prefixes.set(prefix, { era: ++this.#eras, changes: 0, users: 1 });
    this.#noMatch = { generation: ++this.#generation, counts: NO_COUNTS };
    this.#measure();
  }

  unfollow(prefix: string): void {
    const count = this.#prefixes.get(prefix);
    if (count === undefined || --count.users > 0) return;
    this.#prefixes.delete(prefix);
    this.#measure();
  }

  /** A slot's own count is lost. */
  forgetSlots(): void {
    this.#sumEra = ++this.#eras;
  }

  /** What there was in between is not known. */
  forget(): void {
    this.#era = ++this.#eras;
    for (const count of this.#prefixes.values()) count.era = ++this.#eras;
    this.forgetSlots();
  }

  #measure(): void {
    this.#lengths = [...new Set([...this.#prefixes.keys()].map(({ length }) => length))];
  }

  #match(slot: string): Matching {
    let counts: PrefixCount[] | undefined;
    for (const length of this.#lengths) {
      const count = length > slot.length ? undefined : this.#prefixes.get(slot.slice(0, length));
      if (count !== undefined) (counts ??= []).push(count);
    }
    return counts === undefined ? this.#noMatch : { generation: this.#generation, counts };
  }
}

/** How many changes there were between two places, where that is known. */
export function changesBetween(from: Tally | undefined, to: Tally | undefined): number | undefined {
  return from === undefined || to === undefined || from.era !== to.era
    ? undefined
    : to.changes - from.changes;
}
