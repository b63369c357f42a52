/** One channel's log as the history tells of it: a chain of entries, with what was lost and trimmed. */
import type { MessageId, Place } from "../../events.js";

export interface ModelEntry {
  readonly id: MessageId;
  readonly epoch: string;
  readonly offset: number;
  readonly prev: number;
  /** When it was appended, on the history's clock. */
  readonly time: number;
  /** The broker has lost it. */
  void: boolean;
}

/** How many epochs a log remembers, as the broker contract has it. */
const REMEMBERED_EPOCHS = 16;

export class LogModel {
  readonly channel: string;
  /** The log as it is, oldest first. */
  #chain: ModelEntry[] = [];
  /** Everything that was ever appended, by epoch and offset. */
  readonly #byPlace = new Map<string, ModelEntry>();
  readonly #byId = new Map<MessageId, ModelEntry[]>();
  /** The epochs of the log as it is, oldest first. */
  #epochs: { readonly epoch: string; readonly base: number }[] = [];
  /** The order in which all epochs began, lost ones included: news of them may still be on its way. */
  readonly #begun = new Map<string, number>();
  #head = 0;
  #trimmed = 0;
  /** How often something was lost. */
  losses = 0;
  /** True while something was lost and nothing has been appended since: nobody can have been told. */
  lossUntold = false;

  constructor(channel: string) {
    this.channel = channel;
  }

  get head(): Place {
    return { epoch: this.#epochs.at(-1)?.epoch ?? "", offset: this.#head };
  }

  /** Entries up to here are not kept, or were not kept in a life of the log that news may still be on its way of. */
  get trimmed(): number {
    return this.#trimmed;
  }

  append(entry: Omit<ModelEntry, "void">): ModelEntry {
    if (this.#epochs.at(-1)?.epoch !== entry.epoch) {
      this.#epochs.push({ epoch: entry.epoch, base: entry.prev });
      this.#begun.set(entry.epoch, this.#begun.size);
      if (this.#epochs.length > REMEMBERED_EPOCHS) this.#epochs.shift();
    }
    const made = { ...entry, void: false };
    this.#chain.push(made);
    this.#byPlace.set(`${entry.epoch}:${entry.offset}`, made);
    const same = this.#byId.get(entry.id);
    if (same === undefined) this.#byId.set(entry.id, [made]);
    else same.push(made);
    this.#head = entry.offset;
    this.lossUntold = false;
    return made;
  }

  trim(until: number): void {
    this.#trimmed = Math.max(this.#trimmed, until);
  }

  /** Everything after `head` is gone; with 0 it is another log. Returns what was lost. */
  lose(head: number): ModelEntry[] {
    const lost: ModelEntry[] = [];
    for (let last = this.#chain.at(-1); last !== undefined && last.offset > head; last = this.#chain.at(-1)) {
      last.void = true;
      lost.push(last);
      this.#chain.pop();
    }
    this.#head = head;
    this.#epochs = head === 0 ? [] : this.#epochs.filter(({ base }) => base < head || base === 0);
    this.lossUntold = true;
    this.losses += 1;
    return lost;
  }

  entryAt({ epoch, offset }: Place): ModelEntry | undefined {
    return this.#byPlace.get(`${epoch}:${offset}`);
  }

  /** Every entry with that id, lost ones included. */
  entriesOf(id: MessageId): readonly ModelEntry[] {
    return this.#byId.get(id) ?? [];
  }

  get kept(): readonly ModelEntry[] {
    return this.#chain;
  }

  /** The entry at that offset of the log as it is. */
  keptAt(offset: number): ModelEntry | undefined {
    const entry = this.#chain[this.#indexAfter(offset) - 1];
    return entry?.offset === offset ? entry : undefined;
  }

  /** How many entries come after that offset in the log as it is. */
  countAfter(offset: number): number {
    return this.#chain.length - this.#indexAfter(offset);
  }

  /** The entries of the log as it is after one offset and up to another. */
  range(after: number, until: number): readonly ModelEntry[] {
    return this.#chain.slice(this.#indexAfter(after), this.#indexAfter(until));
  }

  /** Whether the log as it is knows that epoch. */
  lists(epoch: string): boolean {
    return this.#epochs.some((one) => one.epoch === epoch);
  }

  /** Whether the log goes on from that place: it is in one of its epochs, and nothing before it was lost. */
  stands({ epoch, offset }: Place): boolean {
    const index = this.#epochs.findIndex((one) => one.epoch === epoch);
    if (index < 0 || offset > this.#head) return false;
    const next = this.#epochs[index + 1];
    return next === undefined || offset <= next.base;
  }

  /** Whether `later` began after `earlier`. */
  isLater(later: string, earlier: string): boolean {
    return (this.#begun.get(later) ?? -1) > (this.#begun.get(earlier) ?? -1);
  }

  /** The entries between a place and an entry after it, oldest first, as far as the chain of `prev` leads back. */
  between(after: number, entry: ModelEntry): ModelEntry[] {
    const skipped: ModelEntry[] = [];
    let at: ModelEntry | undefined = entry;
    while (at !== undefined && at.prev > after) {
      at = this.#before(at);
      if (at !== undefined) skipped.push(at);
    }
    return skipped.reverse();
  }

  /** Where in the chain the first entry after that offset is, or would be. */
  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#chain.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chain[middle]?.offset ?? Infinity) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #before(entry: ModelEntry): ModelEntry | undefined {
    const same = this.entryAt({ epoch: entry.epoch, offset: entry.prev });
    if (same !== undefined) return same;
    return this.keptAt(entry.prev);
  }
}
