/**
 * Deciding what an append does, the same for every broker that decides in this process: which drafts are retries, which
 * may not enter because another reigns, which are new, and which offsets those get. Where entries are kept is the broker's
 * business; it is told the outcomes and keeps what they call new, in the same step.
 */
import { nextOffset } from "../../protocol/index.js";
import { BrokerError, REMEMBERED_EPOCHS, type Appended, type Epoch, type LogOptions } from "../contract.js";
import { CONFLICT, NEW, UNKNOWN, type KeyedDraft, type Keys } from "./keys.js";
import type { Moment } from "./moment.js";
import { hasOffsetsFor, noOffsetLeft } from "./offset-range.js";
import { decideReign, type HeldReign, type ReignAnswer, type ReignStep } from "./reign.js";

/** Where a log stands. */
export interface LogStart {
  /** The offset of the newest entry ever appended; 0 when there was none. */
  readonly head: number;
  /** Oldest first, at least one; the last is the one being written. */
  readonly epochs: readonly Epoch[];
  /** Of the store that the newest epoch was opened under. */
  readonly incarnation: string;
  /** Who reigns over it, or did last. */
  readonly reign?: HeldReign | undefined;
}

/** What a log has in it, where that has a say in what enters. It is asked about one draft after the other. */
export interface LogContents<Instead extends object> {
  /**
   * What becomes of a draft whose key is new, instead of its entering the log; `undefined` where it enters. Its key is remembered
   * where that has an `offset`.
   */
  admit(index: number): Instead | undefined;
  /** That draft is in the log, at this place. */
  entered(index: number, offset: number, prev: number): void;
}

/** What a log asks its store for when somebody wants to reign. */
export interface ReigningStore {
  /** Of its incarnation. */
  readonly name: string;
  readonly newEpochName: () => string;
  /** Makes a token that no reign has had. */
  readonly newToken: () => string;
}

/** What decides about the appends of one log: it has no entries, no clock and no name. */
export class LogState<K extends Keys = Keys> implements LogStart {
  readonly keys: K;
  #head: number;
  #epochs: readonly Epoch[];
  #incarnation: string;
  /** When the newest epoch began, in steady time, as far as this process knows: then or later. */
  #begun: number;
  #reign: HeldReign | undefined;

  /** @param begun when the newest epoch began, or this process came to know of it, in steady time */
  constructor({ head, epochs, incarnation, reign }: LogStart, keys: K, begun = -Infinity) {
    this.keys = keys;
    this.#begun = begun;
    this.#head = head;
    this.#epochs = epochs;
    this.#incarnation = incarnation;
    this.#reign = reign;
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

  /** When the newest epoch began, in steady time. */
  get begun(): number {
    return this.#begun;
  }

  get reign(): HeldReign | undefined {
    return this.#reign;
  }

  /** Whether somebody reigns whose time is not over. */
  isReigned(now: Moment): boolean {
    return this.#reign !== undefined && this.#reign.until > now.steady;
  }

  /**
   * Carries out a step of somebody who wants to write alone: that is what drafts are judged by from now on, in fenced logs. Opens a
   * new epoch first where the store may have lost data.
   */
  decideReign(step: ReignStep, now: Moment, store: ReigningStore): ReignAnswer {
    this.enter(store.name, store.newEpochName, now);
    const { reign, answer } = decideReign(this.#reign, step, now.steady, store.newToken);
    this.#reign = reign;
    return answer;
  }

  /**
   * Opens a new epoch where the store may have lost data. Logs that add up do so before anything is judged: a cursor of the time
   * before must not be taken for one of now.
   */
  enter(incarnation: string, newEpochName: () => string, now: Moment): void {
    if (this.#incarnation !== incarnation) this.#openEpoch(incarnation, newEpochName(), now);
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
   * @throws {BrokerError} `unavailable` when keys or offsets are used up; nothing was appended then
   */
  append<Instead extends object = never>(
    drafts: readonly KeyedDraft[],
    { dedupe, fenced }: Pick<LogOptions, "dedupe" | "fenced">,
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
    contents?: LogContents<Instead>,
  ): (Appended | Instead)[] {
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
    const outcomes: (Appended | Instead)[] = [];
    for (let i = 0; i < drafts.length; i++) {
      const { key, within, reign } = drafts[i] as KeyedDraft;
      const known = keys.find(key, now.steady, dedupe);
      if (known === CONFLICT) outcomes.push({ error: "key_conflict" });
      else if (known === UNKNOWN) outcomes.push({ error: "outcome_unknown" });
      else if (known !== NEW) outcomes.push({ offset: known, duplicate: true });
      else if (within !== undefined && within <= 0) outcomes.push({ error: "outcome_unknown" });
      else if (fenced === true && this.#shutsOut(reign)) outcomes.push({ error: "fenced" });
      else {
        const instead = contents?.admit(i);
        if (instead !== undefined) {
          const { offset } = instead as { readonly offset?: number };
          if (offset !== undefined) keys.remember(key, offset, now.steady);
          outcomes.push(instead);
          continue;
        }
        this.enter(incarnation, newEpochName, now);
        const prev = this.#head;
        const offset = nextOffset(prev, now.wall);
        this.#head = offset;
        keys.remember(key, offset, now.steady);
        contents?.entered(i, offset, prev);
        outcomes.push({ offset, duplicate: false });
      }
    }
    return outcomes;
  }

  #shutsOut(token: string | undefined): boolean {
    return token === undefined || token !== this.#reign?.token;
  }

  #openEpoch(incarnation: string, epoch: string, now: Moment): void {
    this.#incarnation = incarnation;
    this.#begun = now.steady;
    // Replaced, never changed: pages share it.
    this.#epochs = [...this.#epochs, { epoch, base: this.#head }].slice(-REMEMBERED_EPOCHS);
  }
}

/** The offset of an entry that this very append put into the log; `undefined` for every other outcome. */
export function newOffset(outcome: Appended | undefined): number | undefined {
  return outcome !== undefined && "offset" in outcome && !outcome.duplicate ? outcome.offset : undefined;
}
