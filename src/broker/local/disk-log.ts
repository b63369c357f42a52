import { offsetAt } from "../../protocol/index.js";
import type { Appended, LogOptions } from "../contract.js";
import { LogState, newOffset, type ReigningStore } from "../log/log-state.js";
import type { Moment } from "../log/moment.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import { applyRetain, keepsAnything } from "../log/retain.js";
import { packMeta, type ChannelMeta } from "./channel-meta.js";
import { entryKey, generationKey } from "./environment.js";
import { KeptRecords } from "./kept-records.js";
import { KeyStore } from "./key-store.js";
import type { LogShare } from "./log-share.js";
import { unpackKeys } from "./packed-keys.js";
import { nextRecord, stampRecord, storedForm } from "./record.js";
import { fromStored, toStored } from "./stored-reign.js";

/** Drafts on their way to the log. */
export interface Batch {
  /** Packed keys, one for each record. */
  readonly keys: Buffer;
  /** Records whose offsets are not filled in. The log fills them in, and keeps them. */
  readonly records: Buffer;
  /** For each record the milliseconds that are left for it; absent where all have longer than a call may take. */
  readonly within?: readonly number[] | undefined;
  /** For each record the token that it is written under, or an empty text. Where the log is fenced. */
  readonly reigns?: readonly string[] | undefined;
}

/** What became of a batch, and the records that are new in the log. */
export interface LogAppend {
  readonly outcomes: Appended[];
  readonly records: readonly Buffer[];
}

/**
 * One channel's log as its writer has it: what decides about an append is in memory, the entries are on the disk. What
 * changes on the disk goes into the next transaction at once, the meta excepted: {@link DiskLog.save} puts that.
 */
export class DiskLog {
  readonly by = "entries";
  readonly #share: LogShare;
  readonly #name: Buffer;
  readonly #number: number;
  readonly #state: LogState<KeyStore>;
  readonly #kept: KeptRecords;
  #dedupe: number;
  #age: number | undefined;
  #usedAt: number;

  constructor(share: LogShare, name: string, meta: ChannelMeta, now: Moment) {
    this.#share = share;
    this.#name = Buffer.from(name);
    this.#number = meta.number;
    const start = { ...meta, reign: fromStored(meta.reign, now) };
    this.#state = new LogState(start, new KeyStore(share, meta, now));
    this.#kept = new KeptRecords(share, meta);
    this.#dedupe = meta.dedupe;
    this.#age = meta.age;
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

  /** Appends in one step: see {@link LogState.append}. Hot path. */
  append(
    batch: Batch,
    options: LogOptions,
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
  ): LogAppend {
    this.use(options, now);
    const { records, within, reigns } = batch;
    let prev = this.#state.head;
    const drafts = unpackKeys(batch.keys, within, reigns);
    const outcomes = this.#state.append(drafts, options, now, incarnation, newEpochName);
    const { retain } = options.keeping;
    const keep = keepsAnything(retain);
    const news: Buffer[] = [];
    let at = 0;
    /** Where the new records begin that lie one after the other up to `at`. */
    let newFrom = 0;
    for (const outcome of outcomes) {
      const end = nextRecord(records, at);
      const offset = newOffset(outcome);
      if (offset === undefined) {
        if (newFrom < at) news.push(records.subarray(newFrom, at));
        newFrom = end;
      } else {
        stampRecord(records, at, offset, prev);
        if (keep) this.#kept.push(offset, prev, storedForm(records, at, end));
        prev = offset;
      }
      at = end;
    }
    if (newFrom < at) news.push(newFrom === 0 ? records : records.subarray(newFrom, at));
    applyRetain(this.#kept, retain, now.wall);
    return { outcomes, records: news };
  }

  /** Carries out a step of who wants to write alone. */
  reign(step: ReignStep, options: LogOptions, now: Moment, store: ReigningStore): ReignAnswer {
    this.use(options, now);
    return this.#state.decideReign(step, now, store);
  }

  /** Notes a use and its options. */
  use(options: LogOptions, now: Moment): void {
    this.#usedAt = now.wall;
    this.#dedupe = options.dedupe;
    this.#age = options.keeping.retain?.age;
  }

  /** Lets go of entries and keys whose time is over, and of what was dropped. Says whether there was any. */
  expire(now: Moment): boolean {
    const { commit } = this.#share;
    const before = commit.changes.size;
    this.#state.keys.turn(now.steady, this.#dedupe);
    if (this.#age !== undefined) this.#kept.dropBefore(offsetAt(now.wall - this.#age));
    this.#kept.removeDropped();
    return commit.changes.size > before;
  }

  /**
   * Whether the log may be dropped: nothing is kept, it was not used for as long as anybody may come back to it, and nobody
   * reigns over it.
   */
  isIdle(now: Moment, idle: number): boolean {
    if (this.#state.isReigned(now)) return false;
    return this.#kept.length === 0 && now.wall - this.#usedAt > Math.max(this.#dedupe, this.#age ?? 0, idle);
  }

  /** Puts what is put once a transaction: the meta, and what changed of the keys. */
  save(now: Moment): void {
    const { keys, head, epochs, incarnation, reign } = this.#state;
    keys.save();
    const meta: ChannelMeta = {
      number: this.#number,
      epochs,
      incarnation,
      head,
      oldestPrev: this.#kept.oldestPrev(head),
      count: this.#kept.length,
      bytes: this.#kept.bytes,
      dedupe: this.#dedupe,
      age: this.#age,
      usedAt: this.#usedAt,
      generation: keys.generation,
      turnedAt: keys.turnedAt(now),
      reign: toStored(reign, now),
    };
    this.#share.commit.changes.put(this.#share.env.channels, this.#name, packMeta(meta));
  }

  /** Whether an offset of the epoch being written names no entry, though one that had been there would be kept still. */
  lacks(epoch: string, offset: number): boolean {
    const { epochs, head } = this.#state;
    const newest = epochs.at(-1);
    if (epoch !== newest?.epoch) return false;
    if (offset > head) return true;
    return offset > Math.max(this.#kept.oldestPrev(head), newest.base) && !this.#kept.has(offset);
  }

  /** Has the next entry open a new epoch. */
  doubt(): void {
    this.#state.doubt();
  }

  /** Entries up to `head` are on the disk. */
  committed(head: number): void {
    this.#kept.committed(head);
  }

  /** Removes all of it from the disk. */
  erase(): void {
    const { env, eraser, commit } = this.#share;
    commit.changes.remove(env.channels, this.#name);
    eraser.add("entries", entryKey(this.#number, 0), entryKey(this.#number + 1, 0), commit.changes);
    eraser.add("keys", generationKey(this.#number, 0), generationKey(this.#number + 1, 0), commit.changes);
  }
}
