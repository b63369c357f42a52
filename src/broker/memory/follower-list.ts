import type { ChangesEntry } from "../slots-contract.js";
import type { Entry, Follower, PresenceChange, Signal } from "../contract.js";

/** One `follow`: what it is told begins with the batch numbered `from`. */
interface Following {
  readonly follower: Follower;
  readonly from: number;
  stopped: boolean;
}

interface Batch<Item> {
  readonly number: number;
  readonly items: Item[];
}

interface EntryBatch extends Batch<Entry> {
  readonly epoch: string;
}

const NOBODY: readonly Following[] = [];

/**
 * Who follows one channel, and what they have yet to be told. Whatever happens within one turn of the microtask
 * queue is told together, once, in order.
 */
export class FollowerList {
  readonly #onError: (error: unknown) => void;
  #followings: readonly Following[] = NOBODY;
  #batches = 0;
  #entries: EntryBatch | undefined;
  #changes: (Batch<ChangesEntry> & { readonly epoch: string }) | undefined;
  #signals: Batch<Signal> | undefined;

  /** `onError` is given what a follower throws. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#followings.length;
  }

  /** Adds a follower of everything from now on. Returns the way to stop. */
  add(follower: Follower): () => void {
    // Open batches hold what happened before; what comes next is told in others, to the new one as well.
    this.#entries = undefined;
    this.#changes = undefined;
    this.#signals = undefined;
    const following: Following = { follower, from: this.#batches + 1, stopped: false };
    this.#followings = [...this.#followings, following];
    return () => {
      following.stopped = true;
      this.#followings = this.#followings.filter((other) => other !== following);
    };
  }

  /** Hot path: one microtask and one array for all the appends of a turn. Keeps `entries`. */
  tellEntries(epoch: string, entries: Entry[]): void {
    if (this.#followings.length === 0) return;
    const open = this.#entries;
    if (open !== undefined && open.epoch === epoch) {
      for (const entry of entries) open.items.push(entry);
      return;
    }
    const batch: EntryBatch = { number: ++this.#batches, epoch, items: entries };
    this.#entries = batch;
    queueMicrotask(() => {
      if (this.#entries === batch) this.#entries = undefined;
      const hint = { epoch, entries: batch.items };
      this.#tell(batch.number, (follower) => follower.onEntries(hint));
    });
  }

  /** As {@link tellEntries}, of a log that is kept by slots. Such a channel has entries of no other kind. */
  tellChanges(epoch: string, entries: ChangesEntry[]): void {
    if (this.#followings.length === 0) return;
    const open = this.#changes;
    if (open !== undefined && open.epoch === epoch) {
      for (const entry of entries) open.items.push(entry);
      return;
    }
    const batch = { number: ++this.#batches, epoch, items: entries };
    this.#changes = batch;
    queueMicrotask(() => {
      if (this.#changes === batch) this.#changes = undefined;
      const hint = { epoch, entries: batch.items };
      this.#tell(batch.number, (follower) => follower.onChanges?.(hint));
    });
  }

  tellSignals(signals: readonly Signal[]): void {
    if (this.#followings.length === 0) return;
    const open = this.#signals;
    if (open !== undefined) {
      for (const signal of signals) open.items.push(signal);
      return;
    }
    const batch: Batch<Signal> = { number: ++this.#batches, items: [...signals] };
    this.#signals = batch;
    queueMicrotask(() => {
      if (this.#signals === batch) this.#signals = undefined;
      this.#tell(batch.number, (follower) => follower.onSignals(batch.items));
    });
  }

  /** Tells a change now; called from a turn of its own. */
  tellPresence(change: PresenceChange): void {
    this.#tell(++this.#batches, (follower) => follower.onPresence(change));
  }

  tellReset(): void {
    const number = ++this.#batches;
    queueMicrotask(() => this.#tell(number, (follower) => follower.onReset()));
  }

  #tell(batch: number, tell: (follower: Follower) => void): void {
    for (const following of this.#followings) {
      if (following.stopped || following.from > batch) continue;
      try {
        tell(following.follower);
      } catch (error) {
        // It must be seen, but must not cost the others their hint.
        this.#onError(error);
      }
    }
  }
}
