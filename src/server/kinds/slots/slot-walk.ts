/**
 * How a node reads a map that goes on changing while it is read. Pages come in the order of last change, so a slot that is
 * changed behind the reader comes again; but the pages of one walk are not one moment. What they bring is the log as it was only
 * once the walk has ended, and until then nobody is served from it.
 */
import type { ChangesEntry, SlotsPage } from "../../../broker/index.js";
import type { KnownSlot, Walk, WalkStep } from "../slots-kind.js";

/** Bytes of hints that are kept while a walk is under way; beyond them the walk has to reach the head by itself. */
const MOST_HINT_BYTES = 1024 * 1024;

export class SlotWalk implements Walk {
  readonly #from: number;
  readonly #slots = new Map<string, KnownSlot>();
  #at: number;
  /** The head when it began; `undefined` before the first page. */
  #head: number | undefined;
  #floor = 0;
  /** Whether a page's floor was too high for what it was read from. */
  #unsound = false;
  /** The epoch that its first page said: pages of two do not add up. */
  #epoch: string | undefined;
  /** All of one epoch. */
  #hints: ChangesEntry[] = [];
  #hintEpoch = "";
  #hintBytes = 0;

  /** @param from 0, into an empty memory; or the place up to which a memory is complete, to mend a hole behind it */
  constructor(from: number) {
    this.#from = this.#at = from;
  }

  /** A hint came while it is under way; all of them since before its first page was asked for. */
  hint(entry: ChangesEntry, epoch: string): void {
    if (epoch !== this.#hintEpoch) {
      this.#forgetHints();
      this.#hintEpoch = epoch;
    }
    const last = this.#hints.at(-1);
    if (last !== undefined && entry.offset <= last.offset) return;
    const size = sizeOf(entry);
    // Those before a hole say nothing any more; what comes behind it may still join the place where the walk began.
    if (last !== undefined && entry.prev !== last.offset) this.#forgetHints();
    this.#hints.push(entry);
    this.#hintBytes += size;
    if (this.#hintBytes > MOST_HINT_BYTES) this.#forgetHints();
  }

  /** A page was read from where the walk stood. */
  page({ entries, floor, head, epochs }: SlotsPage): WalkStep {
    const epoch = epochs.at(-1)?.epoch;
    if (epoch !== (this.#epoch ??= epoch)) return { go: "again" };
    const first = (this.#head ??= head);
    this.#floor = Math.max(this.#floor, floor);
    if (this.#from > 0) {
      if (floor > this.#at) return { go: "again" };
    } else if (floor > Math.max(first, this.#at)) this.#unsound = true;
    for (const entry of entries) this.#take(entry);
    const reached = entries.length === 0 || this.#at >= head;
    if (entries.length === 0) this.#at = Math.max(this.#at, head);
    const joined = this.#at >= first ? this.#joinedHints(first, head) : undefined;
    if (joined !== undefined) return this.#ended(joined);
    if (!reached) return { go: "on", after: this.#at };
    return this.#unsound ? { go: "again" } : this.#ended([]);
  }

  get rest(): readonly ChangesEntry[] {
    return this.#hintEpoch === this.#epoch ? this.#hints.filter(({ offset }) => offset > this.#at) : [];
  }

  #ended(hints: readonly ChangesEntry[]): WalkStep {
    for (const hint of hints) this.#take(hint);
    return { go: "ended", slots: this.#slots, at: this.#at, floor: this.#floor };
  }

  #take({ offset, changes = [] }: ChangesEntry): void {
    for (const { slot, data } of changes) {
      if ((this.#slots.get(slot)?.offset ?? 0) > offset) continue;
      this.#slots.delete(slot);
      this.#slots.set(slot, { offset, data });
    }
    this.#at = Math.max(this.#at, offset);
  }

  /**
   * What happened since the walk began, if hints tell all of it: there is no hole between its beginning and the head that its
   * last page saw, since that page left out what had moved behind its end. A hint that does not say what it changes is
   * good only where sound pages have gone past it.
   */
  #joinedHints(first: number, head: number): readonly ChangesEntry[] | undefined {
    const [oldest] = this.#hints;
    const last = this.#hints.at(-1);
    if (oldest === undefined || last === undefined || oldest.prev > first || last.offset < head)
      return undefined;
    if (this.#hintEpoch !== this.#epoch) return undefined;
    const isGood = ({ offset, changes }: ChangesEntry): boolean =>
      changes !== undefined || (offset <= this.#at && !this.#unsound);
    // Those from before it began are in its pages, if they were not overtaken.
    const since = this.#hints.filter(({ offset }) => offset > first);
    return since.every(isGood) ? since : undefined;
  }

  #forgetHints(): void {
    this.#hints = [];
    this.#hintBytes = 0;
  }
}

function sizeOf({ changes = [] }: ChangesEntry): number {
  let size = 64;
  for (const { slot, data } of changes) size += slot.length + (data?.length ?? 0);
  return size;
}
