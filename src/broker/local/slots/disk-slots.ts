import type { Moment } from "../../log/moment.js";
import { LogState, type ReigningStore } from "../../log/log-state.js";
import type { ReignAnswer, ReignStep } from "../../log/reign.js";
import { Appending, withEpoch } from "../../log/slots/appending.js";
import type {
  Changed,
  ChangesDraft,
  ChangesEntry,
  SlotsKeeping,
  SlotsOptions,
} from "../../slots-contract.js";
import { packMeta, type ChannelMeta } from "../channel-meta.js";
import { entryKey, generationKey } from "../environment.js";
import { KeyStore } from "../key-store.js";
import type { LogShare } from "../log-share.js";
import { unpackKeys } from "../packed-keys.js";
import { fromStored, toStored } from "../stored-reign.js";
import { lifeOf, type SlotsMeta } from "./slots-meta.js";
import { WrittenSlots } from "./written-slots.js";

/** Drafts of changes on their way to the log. */
export interface ChangesBatch {
  /** Packed keys, one for each draft: those in the drafts are not looked at. */
  readonly keys: Buffer;
  readonly drafts: readonly ChangesDraft[];
  /** For each draft the milliseconds that are left for it; absent where all have longer than a call may take. */
  readonly within?: readonly number[] | undefined;
}

/** What the writer knows of its store. */
export interface Incarnation {
  readonly name: string;
  readonly newEpochName: () => string;
}

/**
 * One channel's log that is kept by slots, as its writer has it. What changes on the disk goes into the next transaction at
 * once; {@link DiskSlots.save} puts the rest.
 */
export class DiskSlots {
  readonly by = "slots";
  readonly #share: LogShare;
  readonly #name: Buffer;
  readonly #number: number;
  readonly #state: LogState<KeyStore>;
  readonly #slots: WrittenSlots;
  #dedupe: number;
  #keeping: Pick<SlotsKeeping, "graves" | "keepFor">;
  #usedAt: number;

  constructor(share: LogShare, name: string, meta: ChannelMeta & { readonly slots: SlotsMeta }, now: Moment) {
    const { number, count, bytes, slots } = meta;
    this.#share = share;
    this.#name = Buffer.from(name);
    this.#number = number;
    // A draft that changes nothing is remembered at an old place: from its offset nobody can tell when that was.
    const keys = new KeyStore(share, { ...meta, offsetsTellTime: false }, now);
    const begun = now.steady - Math.max(0, now.wall - slots.begunAt);
    this.#state = new LogState({ ...meta, reign: fromStored(meta.reign, now) }, keys, begun);
    this.#slots = new WrittenSlots(share, number, { ...slots, count, bytes });
    this.#dedupe = meta.dedupe;
    this.#keeping = slots.keeping;
    this.#usedAt = meta.usedAt;
  }

  /** The epoch being written. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /** The offset of the newest entry ever appended; 0 when there was none. Also where the log is, for {@link committed}. */
  get head(): number {
    return this.#state.head;
  }

  /**
   * Appends in one step: see `Broker.change`. Hot path: a few look-ups and rows for each slot, whatever the log holds.
   *
   * @returns what became of the drafts, and what is new in the log, as followers are told
   */
  change(
    { keys, drafts, within }: ChangesBatch,
    options: SlotsOptions,
    now: Moment,
    incarnation: Incarnation,
  ): { readonly outcomes: Changed[]; readonly entries: readonly ChangesEntry[] } {
    this.use(options, now, incarnation);
    const { name, newEpochName } = incarnation;
    const reigns = options.fenced === true ? drafts.map(({ reign = "" }) => reign) : undefined;
    const contents = new Appending(this.#slots, this.#state, drafts, options.keeping, now);
    return this.#slots.step(() => {
      const keyed = unpackKeys(keys, within, reigns);
      const outcomes = this.#state.append(keyed, options, now, name, newEpochName, contents);
      this.#slots.dropGraves(options.keeping.graves, now.wall);
      return { outcomes: withEpoch(outcomes, this.epoch), entries: contents.entries };
    });
  }

  /** Carries out a step of who wants to write alone. */
  reign(step: ReignStep, options: SlotsOptions, now: Moment, store: ReigningStore): ReignAnswer {
    this.use(options, now, store);
    return this.#state.decideReign(step, now, store);
  }

  /** Notes a use and its options. Opens a new epoch where the store may have lost data. */
  use({ keeping, dedupe }: SlotsOptions, now: Moment, { name, newEpochName }: Incarnation): void {
    this.#usedAt = now.wall;
    this.#dedupe = dedupe;
    const { graves, keepFor } = keeping;
    this.#keeping = keepFor === undefined ? { graves } : { graves, keepFor };
    this.#state.enter(name, newEpochName, now);
  }

  /** Lets go of tombstones and keys whose time is over. Says whether there was any. */
  expire(now: Moment): boolean {
    const { commit } = this.#share;
    const before = commit.changes.size;
    this.#state.keys.turn(now.steady, this.#dedupe);
    this.#slots.step(() => this.#slots.dropGraves(this.#keeping.graves, now.wall));
    return commit.changes.size > before;
  }

  /** Whether the log may be dropped: not while somebody reigns over it. */
  isIdle(now: Moment): boolean {
    if (this.#state.isReigned(now)) return false;
    return now.wall - this.#usedAt > lifeOf(this.#slots.count, this.#dedupe, this.#keeping);
  }

  /** Puts what is put once a transaction: the meta, and what changed of the keys. */
  save(now: Moment): void {
    const { keys, head, epochs, incarnation, begun, reign } = this.#state;
    keys.save();
    this.#slots.save();
    const { count, bytes, ...totals } = this.#slots.totals;
    const meta: ChannelMeta = {
      number: this.#number,
      epochs,
      incarnation,
      head,
      oldestPrev: head,
      count,
      bytes,
      dedupe: this.#dedupe,
      age: undefined,
      usedAt: this.#usedAt,
      generation: keys.generation,
      turnedAt: keys.turnedAt(now),
      reign: toStored(reign, now),
      slots: { ...totals, begunAt: now.wall - (now.steady - begun), keeping: this.#keeping },
    };
    this.#share.commit.changes.put(this.#share.env.channels, this.#name, packMeta(meta));
  }

  /** Whether an offset of the epoch being written is beyond what the log has. Below the head others take the place of entries. */
  lacks(epoch: string, offset: number): boolean {
    return epoch === this.epoch && offset > this.head;
  }

  /** Has the next call open a new epoch. */
  doubt(): void {
    this.#state.doubt();
  }

  /** What was saved last, up to `head`, is on the disk. */
  committed(head: number): void {
    this.#slots.committed(head);
  }

  /** Removes all of it from the disk. */
  erase(): void {
    const { env, eraser, commit } = this.#share;
    commit.changes.remove(env.channels, this.#name);
    eraser.add("entries", entryKey(this.#number, 0), entryKey(this.#number + 1, 0), commit.changes);
    eraser.add("keys", generationKey(this.#number, 0), generationKey(this.#number + 1, 0), commit.changes);
  }
}
