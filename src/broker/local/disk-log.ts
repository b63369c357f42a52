import { MAX_OFFSET, nextOffset, offsetAt } from "../../protocol/index.js";
import {
  BrokerError,
  REMEMBERED_EPOCHS,
  type Appended,
  type Epoch,
  type LogOptions,
  type Retain,
} from "../contract.js";
import { hasOffsetsFor, noOffsetLeft } from "../log/offset-range.js";
import { keepsAnything } from "../log/retain.js";
import type { Moment } from "../memory/channel-log.js";
import { CONFLICT, NEW, UNKNOWN } from "../log/sequence-ring.js";
import { packMeta, type ChannelMeta } from "./channel-meta.js";
import type { Changes } from "./changes.js";
import { entryKey, generationKey, offsetOfKey, type Environment } from "./environment.js";
import type { Eraser } from "./eraser.js";
import { KeyStore } from "./key-store.js";
import { OldestEntries } from "./oldest-entries.js";
import { unpackKeys } from "./packed-keys.js";
import { nextRecord, stampRecord, storedForm, storedSize } from "./record.js";

/**
 * Entries that retention has dropped are removed so many at a time, or so many bytes: each removal touches a page of
 * the disk's, and one page holds many of them.
 */
const MAX_DROPPED = 64;
const MAX_DROPPED_BYTES = 256 * 1024;

/** Drafts on their way to the log. */
export interface Batch {
  /** Packed keys, one for each record. */
  readonly keys: Buffer;
  /** Records whose offsets are not filled in. The log fills them in, and keeps them. */
  readonly records: Buffer;
  /** For each record the milliseconds that are left for it; absent where all have longer than a call may take. */
  readonly within?: readonly number[] | undefined;
}

/** What all logs of a directory share. */
export interface LogShare {
  readonly env: Environment;
  readonly eraser: Eraser;
  readonly maxKeys: number;
}

/** What became of a batch, and the records that are new in the log. */
export interface LogAppend {
  readonly outcomes: Appended[];
  readonly records: readonly Buffer[];
}

/** One channel's log as its writer has it: what decides about an append is in memory, the entries are on the disk. */
export class DiskLog {
  readonly #share: LogShare;
  readonly #name: Buffer;
  readonly #number: number;
  readonly #keys: KeyStore;
  readonly #oldest: OldestEntries;
  /** Entries that are not kept any more and are on the disk still, and their bytes. */
  #dropped: number[];
  #droppedBytes = 0;
  #epochs: readonly Epoch[];
  #incarnation: string;
  #head: number;
  #oldestPrev: number;
  #count: number;
  #bytes: number;
  #fence: string | undefined;
  #dedupe: number;
  #age: number | undefined;
  #usedAt: number;

  constructor(share: LogShare, name: string, meta: ChannelMeta, now: Moment) {
    this.#share = share;
    this.#name = Buffer.from(name);
    this.#number = meta.number;
    const { number: channel, generation, turnedAt, oldestPrev, count } = meta;
    this.#keys = new KeyStore(share.env, { channel, generation, turnedAt, maxKeys: share.maxKeys }, now);
    this.#oldest = new OldestEntries(share.env.entries, channel, oldestPrev, count === 0);
    this.#dropped = droppedBefore(share.env, channel, oldestPrev);
    this.#epochs = meta.epochs;
    this.#incarnation = meta.incarnation;
    this.#head = meta.head;
    this.#oldestPrev = oldestPrev;
    this.#count = count;
    this.#bytes = meta.bytes;
    this.#fence = meta.fence;
    this.#dedupe = meta.dedupe;
    this.#age = meta.age;
    this.#usedAt = meta.usedAt;
  }

  /** The epoch being written. */
  get epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? "";
  }

  /**
   * Appends in one step; what it changes on the disk goes into `changes`, the meta excepted: {@link save} puts that.
   * The first entry under another `incarnation` than the log's own opens a new epoch. Hot path.
   *
   * @throws {BrokerError} `fenced`, or `unavailable` when the keys cannot be remembered; nothing was appended then
   */
  append(
    batch: Batch,
    options: LogOptions & { readonly fence?: string | undefined },
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
    changes: Changes,
  ): LogAppend {
    this.use(options, now);
    if (options.fence !== undefined && options.fence !== this.#fence) {
      throw new BrokerError("fenced", "another token was sealed on the channel");
    }
    this.#turn(now, changes);
    const keys = unpackKeys(batch.keys);
    if (!this.#keys.hasRoomFor(keys)) {
      throw new BrokerError(
        "unavailable",
        `the channel remembers as many keys as it may; retry within ${options.dedupe} ms`,
      );
    }
    // Only near the end is it worth looking which of them are new.
    if (!hasOffsetsFor(keys.length, this.#head, now.wall)) {
      const fresh = keys.filter((key) => this.#keys.find(key, now, options.dedupe) === NEW);
      if (!hasOffsetsFor(fresh.length, this.#head, now.wall)) throw noOffsetLeft();
    }
    const { env } = this.#share;
    const outcomes: Appended[] = [];
    const records: Buffer[] = [];
    const keep = keepsAnything(options.keeping.retain);
    let at = 0;
    /** Where the new records begin that lie one after the other up to `at`. */
    let newFrom = 0;
    for (const key of keys) {
      const end = nextRecord(batch.records, at);
      const known = this.#keys.find(key, now, options.dedupe);
      if (known === CONFLICT) outcomes.push({ error: "key_conflict" });
      else if (known === UNKNOWN) outcomes.push({ error: "outcome_unknown" });
      else if (known !== NEW) outcomes.push({ offset: known, duplicate: true });
      else if (isLate(batch, outcomes.length)) outcomes.push({ error: "outcome_unknown" });
      else {
        if (this.#incarnation !== incarnation) this.#openEpoch(incarnation, newEpochName());
        const prev = this.#head;
        const offset = nextOffset(prev, now.wall);
        this.#head = offset;
        stampRecord(batch.records, at, offset, prev);
        this.#keys.remember(key, offset, now, env, changes);
        if (keep) this.#keep(offset, storedForm(batch.records, at, end), changes);
        outcomes.push({ offset, duplicate: false });
        at = end;
        continue;
      }
      if (newFrom < at) records.push(batch.records.subarray(newFrom, at));
      newFrom = at = end;
    }
    if (newFrom < at) records.push(newFrom === 0 ? batch.records : batch.records.subarray(newFrom, at));
    this.#trim(options.keeping.retain, now.wall, changes);
    return { outcomes, records };
  }

  seal(token: string, now: Moment): void {
    this.#fence = token;
    this.#usedAt = now.wall;
  }

  /** Notes a use and its options. */
  use(options: LogOptions, now: Moment): void {
    this.#usedAt = now.wall;
    this.#dedupe = options.dedupe;
    this.#age = options.keeping.retain?.age;
  }

  /** Lets go of entries and keys whose time is over, and of what was dropped. Says whether there was any. */
  expire(now: Moment, changes: Changes): boolean {
    const before = changes.size;
    this.#turn(now, changes);
    if (this.#age !== undefined) this.#dropBefore(offsetAt(now.wall - this.#age), changes);
    this.removeDropped(changes);
    return changes.size > before;
  }

  /** Whether the log may be dropped: nothing is kept, and it was not used for as long as anybody may come back to it. */
  isIdle(now: Moment, idle: number): boolean {
    return this.#count === 0 && now.wall - this.#usedAt > Math.max(this.#dedupe, this.#age ?? 0, idle);
  }

  /** Puts what is put once a transaction: the meta, and what changed of the keys. */
  save(now: Moment, changes: Changes): void {
    this.#keys.save(this.#share.env, changes);
    const meta: ChannelMeta = {
      number: this.#number,
      epochs: this.#epochs,
      incarnation: this.#incarnation,
      head: this.#head,
      oldestPrev: this.#oldestPrev,
      count: this.#count,
      bytes: this.#bytes,
      fence: this.#fence,
      dedupe: this.#dedupe,
      age: this.#age,
      usedAt: this.#usedAt,
      generation: this.#keys.generation,
      turnedAt: this.#keys.turnedAt(now),
    };
    changes.put(this.#share.env.channels, this.#name, packMeta(meta));
  }

  /** Whether an offset of the epoch being written names no entry, though one that had been there would be kept still. */
  lacks(epoch: string, offset: number): boolean {
    const newest = this.#epochs.at(-1);
    if (epoch !== newest?.epoch) return false;
    if (offset > this.#head) return true;
    if (offset <= Math.max(this.#oldestPrev, newest.base) || this.#count === 0) return false;
    const { entries } = this.#share.env;
    entries.resetReadTxn();
    const isThere = entries.doesExist(entryKey(this.#number, offset));
    entries.resetReadTxn();
    return !isThere;
  }

  /** Has the next entry open a new epoch. */
  doubt(): void {
    this.#incarnation = "";
  }

  /** Where the log is, for {@link committed}. */
  get head(): number {
    return this.#head;
  }

  /** Entries up to `head` are on the disk. */
  committed(head: number): void {
    this.#oldest.committed(head);
  }

  /** Removes all of it from the disk. */
  erase(changes: Changes): void {
    const { env, eraser } = this.#share;
    changes.remove(env.channels, this.#name);
    eraser.add("entries", entryKey(this.#number, 0), entryKey(this.#number + 1, 0), changes);
    eraser.add("keys", generationKey(this.#number, 0), generationKey(this.#number + 1, 0), changes);
  }

  #openEpoch(incarnation: string, epoch: string): void {
    this.#incarnation = incarnation;
    this.#epochs = [...this.#epochs, { epoch, base: this.#head }].slice(-REMEMBERED_EPOCHS);
  }

  #turn(now: Moment, changes: Changes): void {
    const gone = this.#keys.turn(now, this.#dedupe, this.#share.env, changes);
    if (gone === undefined) return;
    const [first, end] = gone;
    this.#share.eraser.add(
      "keys",
      generationKey(this.#number, first),
      generationKey(this.#number, end),
      changes,
    );
  }

  #keep(offset: number, stored: Buffer, changes: Changes): void {
    const size = storedSize(stored);
    changes.put(this.#share.env.entries, entryKey(this.#number, offset), stored);
    this.#oldest.push({ offset, size });
    this.#count += 1;
    this.#bytes += size;
  }

  #trim(retain: Retain | undefined, wall: number, changes: Changes): void {
    if (retain === undefined || !keepsAnything(retain)) return this.#clear(changes);
    const { count, bytes, age } = retain;
    if (count === 0) return this.#clear(changes);
    if (count !== undefined) while (this.#count > count) this.#dropOldest(changes);
    if (bytes !== undefined) while (this.#bytes > bytes) this.#dropOldest(changes);
    if (age !== undefined) this.#dropBefore(offsetAt(wall - age), changes);
  }

  /** Removes from the disk what retention has dropped. */
  removeDropped(changes: Changes): void {
    for (const offset of this.#dropped)
      changes.remove(this.#share.env.entries, entryKey(this.#number, offset));
    this.#dropped = [];
    this.#droppedBytes = 0;
  }

  #dropBefore(offset: number, changes: Changes): void {
    while (this.#count > 0 && (this.#oldest.peek()?.offset ?? MAX_OFFSET) < offset) this.#dropOldest(changes);
  }

  #dropOldest(changes: Changes): void {
    const oldest = this.#oldest.peek();
    if (oldest === undefined) return this.#forget();
    this.#oldest.drop();
    this.#dropped.push(oldest.offset);
    this.#droppedBytes += oldest.size;
    if (this.#dropped.length >= MAX_DROPPED || this.#droppedBytes > MAX_DROPPED_BYTES)
      this.removeDropped(changes);
    this.#oldestPrev = oldest.offset;
    this.#count -= 1;
    this.#bytes -= oldest.size;
    if (this.#count === 0) this.#forget();
  }

  #clear(changes: Changes): void {
    if (this.#count > 0) {
      const end = entryKey(this.#number, this.#head + 1);
      this.#share.eraser.add("entries", entryKey(this.#number, 0), end, changes);
      this.#oldest.clear(this.#head);
      this.#dropped = [];
      this.#droppedBytes = 0;
    }
    this.#forget();
  }

  /** Nothing is kept. */
  #forget(): void {
    this.#oldestPrev = this.#head;
    this.#count = 0;
    this.#bytes = 0;
  }
}

/** Whether the time is over in which a record may be appended. */
function isLate({ within }: Batch, index: number): boolean {
  return within !== undefined && (within[index] ?? Infinity) <= 0;
}

/** What an earlier process dropped and did not remove. */
function droppedBefore(env: Environment, channel: number, oldestPrev: number): number[] {
  // More of them are those of a range that is being erased.
  const limit = 4 * MAX_DROPPED;
  const range = { start: entryKey(channel, 0), end: entryKey(channel, oldestPrev + 1), limit };
  env.entries.resetReadTxn();
  const dropped = Array.from(env.entries.getKeys(range), (key) => offsetOfKey(key));
  env.entries.resetReadTxn();
  return dropped;
}
