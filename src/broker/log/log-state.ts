/**
 * Deciding what an append does, the same for every broker that decides in this process: which drafts are retries, which
 * are new, and which offsets those get. Where entries are kept is the broker's business; it is told the outcomes and
 * keeps what they call new, in the same step.
 */
import { nextOffset } from "../../protocol/index.js";
import { BrokerError, REMEMBERED_EPOCHS, type Appended, type Epoch, type LogOptions } from "../contract.js";
import { CONFLICT, NEW, UNKNOWN, type KeyedDraft, type Keys } from "./keys.js";
import type { Moment } from "./moment.js";
import { hasOffsetsFor, noOffsetLeft } from "./offset-range.js";

/** Where a log stands. */
export interface LogStart {
  /** The offset of the newest entry ever appended; 0 when there was none. */
  readonly head: number;
  /** Oldest first, at least one; the last is the one being written. */
  readonly epochs: readonly Epoch[];
  /** Of the store that the newest epoch was opened under. */
  readonly incarnation: string;
  /** The token sealed last. */
  readonly fence: string | undefined;
}

/** What decides about the appends of one log: it has no entries, no clock and no name. */
export class LogState<K extends Keys = Keys> implements LogStart {
  readonly keys: K;
  #head: number;
  #epochs: readonly Epoch[];
  #incarnation: string;
  #fence: string | undefined;

  constructor({ head, epochs, incarnation, fence }: LogStart, keys: K) {
    this.keys = keys;
    this.#head = head;
    this.#epochs = epochs;
    this.#incarnation = incarnation;
    this.#fence = fence;
  }

  get head(): number {
    return this.#head;
  }

  get epochs(): readonly Epoch[] {
    return this.#epochs;
  }

  /** The name of the epoch being written. */
  get epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? "";
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  get fence(): string | undefined {
    return this.#fence;
  }

  /** Makes `token` the one that fenced appends are accepted with. */
  seal(token: string): void {
    this.#fence = token;
  }

  /** Has the next entry open a new epoch, under whatever incarnation. */
  doubt(): void {
    this.#incarnation = "";
  }

  /**
   * Decides about drafts, in order: one outcome for each. Those with a {@link newOffset} are in the log from now on,
   * under their keys, one behind the other, the first one behind the head of before. The first of them under another incarnation than the log's own
   * opens a new epoch. Hot path: O(1) amortised per draft, and it allocates nothing but the outcomes.
   *
   * @throws {BrokerError} `fenced`, or `unavailable` when keys or offsets are used up; nothing was appended then
   */
  append(
    drafts: readonly KeyedDraft[],
    { dedupe, fence }: Pick<LogOptions, "dedupe"> & { readonly fence?: string | undefined },
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
  ): Appended[] {
    if (fence !== undefined && fence !== this.#fence) {
      throw new BrokerError("fenced", "another token was sealed on the channel");
    }
    const { keys } = this;
    keys.turn(now.steady, dedupe);
    if (!keys.hasRoomFor(drafts)) {
      throw new BrokerError(
        "unavailable",
        `the channel remembers as many keys as it may; retry within ${dedupe} ms`,
      );
    }
    // Only near the end is it worth looking which of them are new.
    if (!hasOffsetsFor(drafts.length, this.#head, now.wall)) {
      const fresh = drafts.filter(({ key }) => keys.find(key, now.steady, dedupe) === NEW);
      if (!hasOffsetsFor(fresh.length, this.#head, now.wall)) throw noOffsetLeft();
    }
    const outcomes: Appended[] = [];
    for (const { key, within } of drafts) {
      const known = keys.find(key, now.steady, dedupe);
      if (known === CONFLICT) outcomes.push({ error: "key_conflict" });
      else if (known === UNKNOWN) outcomes.push({ error: "outcome_unknown" });
      else if (known !== NEW) outcomes.push({ offset: known, duplicate: true });
      else if (within !== undefined && within <= 0) outcomes.push({ error: "outcome_unknown" });
      else {
        if (this.#incarnation !== incarnation) this.#openEpoch(incarnation, newEpochName());
        const offset = nextOffset(this.#head, now.wall);
        this.#head = offset;
        keys.remember(key, offset, now.steady);
        outcomes.push({ offset, duplicate: false });
      }
    }
    return outcomes;
  }

  #openEpoch(incarnation: string, epoch: string): void {
    this.#incarnation = incarnation;
    // Replaced, never changed: pages share it.
    this.#epochs = [...this.#epochs, { epoch, base: this.#head }].slice(-REMEMBERED_EPOCHS);
  }
}

/** The offset of an entry that this very append put into the log; `undefined` for every other outcome. */
export function newOffset(outcome: Appended | undefined): number | undefined {
  return outcome !== undefined && "offset" in outcome && !outcome.duplicate ? outcome.offset : undefined;
}
