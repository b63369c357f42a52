import { nextOffset, offsetAt } from "../../protocol/index.js";
import {
  BrokerError,
  REMEMBERED_EPOCHS,
  type Appended,
  type Draft,
  type Entry,
  type Epoch,
  type LogOptions,
  type Page,
  type ReadFrom,
  type Retain,
} from "../contract.js";
import { hasOffsetsFor, noOffsetLeft } from "../log/offset-range.js";
import { keepsAnything } from "../log/retain.js";
import { EntryQueue } from "./entry-queue.js";
import { KeyMemory } from "../log/key-memory.js";
import { CONFLICT, NEW, UNKNOWN } from "../log/sequence-ring.js";

/** One moment on both of a clock's faces: offsets and ages are wall time, windows and idleness steady time. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

/** What became of the drafts, and the entries that are new in the log: these are what followers are told. */
export interface LogAppend {
  readonly outcomes: Appended[];
  readonly entries: Entry[];
}

/** One channel's log as a data structure: it has no clock, no followers and no name. */
export class ChannelLog {
  #entries = new EntryQueue();
  #keys: KeyMemory;
  #epochs: readonly Epoch[];
  #incarnation: string;
  #head = 0;
  #fence: string | undefined;
  #usedAt: number;
  #dedupe = 0;
  #age: number | undefined;

  constructor(incarnation: string, epoch: string, now: Moment, maxKeys: number) {
    this.#keys = new KeyMemory(maxKeys, now.steady);
    this.#epochs = [{ epoch, base: 0 }];
    this.#incarnation = incarnation;
    this.#usedAt = now.steady;
  }

  /** The epoch being written. */
  get epoch(): string {
    return this.#epochs.at(-1)?.epoch ?? "";
  }

  /** The offset of the newest entry ever appended; 0 when there was none. */
  get head(): number {
    return this.#head;
  }

  /** How many entries, and how many bytes of them, are kept now. */
  get kept(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.length, bytes: this.#entries.bytes };
  }

  /** How many text keys and scopes are remembered. */
  get remembered(): number {
    return this.#keys.size;
  }

  /**
   * Appends in one step. The first entry under another `incarnation` than the log's own opens a new epoch. This
   * is the hot path: O(1) amortised per draft, and per entry it allocates the entry and its outcome.
   *
   * @throws {BrokerError} `fenced`, or `unavailable` when the keys cannot be remembered; nothing was appended then
   */
  append(
    drafts: readonly Draft[],
    options: LogOptions & { readonly fence?: string },
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
  ): LogAppend {
    this.#use(options, now);
    if (options.fence !== undefined && options.fence !== this.#fence) {
      throw new BrokerError("fenced", "another token was sealed on the channel");
    }
    this.#keys.turn(now.steady, options.dedupe);
    if (!this.#keys.hasRoomFor(drafts)) {
      throw new BrokerError(
        "unavailable",
        `the channel remembers as many keys as it may; retry within ${options.dedupe} ms`,
      );
    }
    // Only near the end is it worth looking which of them are new.
    if (!hasOffsetsFor(drafts.length, this.#head, now.wall)) {
      const isNew = ({ key }: Draft): boolean => this.#keys.find(key, now.steady, options.dedupe) === NEW;
      if (!hasOffsetsFor(drafts.filter(isNew).length, this.#head, now.wall)) throw noOffsetLeft();
    }
    const outcomes: Appended[] = [];
    const entries: Entry[] = [];
    const keep = keepsAnything(options.keeping.retain);
    for (const draft of drafts) {
      const known = this.#keys.find(draft.key, now.steady, options.dedupe);
      if (known === CONFLICT) outcomes.push({ error: "key_conflict" });
      else if (known === UNKNOWN) outcomes.push({ error: "outcome_unknown" });
      else if (known !== NEW) outcomes.push({ offset: known, duplicate: true });
      else if (draft.within !== undefined && draft.within <= 0) outcomes.push({ error: "outcome_unknown" });
      else {
        if (this.#incarnation !== incarnation) this.#openEpoch(incarnation, newEpochName());
        const entry = this.#entry(draft, now.wall);
        this.#keys.remember(draft.key, entry.offset, now.steady);
        if (keep) this.#entries.push(entry, sizeOf(entry));
        entries.push(entry);
        outcomes.push({ offset: entry.offset, duplicate: false });
      }
    }
    this.#trim(options.keeping.retain, now.wall);
    return { outcomes, entries };
  }

  /** Reads a page: see `Broker.read`. */
  read(from: ReadFrom, options: LogOptions, now: Moment): Page {
    this.#use(options, now);
    const entries = this.#entries;
    const age = options.keeping.retain?.age;
    const oldest = age === undefined ? 0 : entries.indexFrom(offsetAt(now.wall - age));
    let start: number;
    let end: number;
    if ("after" in from) {
      start = Math.max(oldest, entries.indexFrom(from.after + 1));
      end = entries.pageEnd(start, from.limit, from.bytes);
    } else {
      end = Math.max(oldest, entries.indexFrom(from.before));
      start = entries.pageStart(end, oldest, from.limit, from.bytes);
    }
    return {
      entries: entries.slice(start, end),
      oldestPrev: oldest < entries.length ? entries.at(oldest).prev : this.#head,
      head: this.#head,
      epochs: this.#epochs,
    };
  }

  /** Makes `token` the one that fenced appends are accepted with. */
  seal(token: string, now: Moment): void {
    this.#fence = token;
    this.#usedAt = now.steady;
  }

  /** Lets go of entries and keys whose time is over, as the latest caller's options have it. */
  expire(now: Moment): void {
    this.#keys.turn(now.steady, this.#dedupe);
    if (this.#age !== undefined) this.#entries.dropBefore(offsetAt(now.wall - this.#age));
  }

  /**
   * Whether the log may be dropped: unused for as long as its entries and keys are promised to last, or for `idle`
   * milliseconds where entries have no age to reach.
   */
  isIdle(now: Moment, idle: number): boolean {
    const unaged = this.#age === undefined && this.#entries.length > 0;
    const life = Math.max(this.#dedupe, this.#age ?? 0, unaged ? idle : 0);
    return now.steady - this.#usedAt > life;
  }

  /** An independent copy, such as a replica would have at this moment. */
  clone(): ChannelLog {
    const now = { wall: 0, steady: this.#usedAt };
    const copy = new ChannelLog(this.#incarnation, this.epoch, now, 0);
    copy.#entries = this.#entries.clone();
    copy.#keys = this.#keys.clone();
    copy.#epochs = this.#epochs;
    copy.#head = this.#head;
    copy.#fence = this.#fence;
    copy.#dedupe = this.#dedupe;
    copy.#age = this.#age;
    return copy;
  }

  #use(options: LogOptions, now: Moment): void {
    this.#usedAt = now.steady;
    this.#dedupe = options.dedupe;
    this.#age = options.keeping.retain?.age;
  }

  #openEpoch(incarnation: string, epoch: string): void {
    this.#incarnation = incarnation;
    // Replaced, never changed: pages share it.
    this.#epochs = [...this.#epochs, { epoch, base: this.#head }].slice(-REMEMBERED_EPOCHS);
  }

  #entry(draft: Draft, wall: number): Entry {
    const prev = this.#head;
    const offset = nextOffset(prev, wall);
    this.#head = offset;
    // Bytes are copied: the draft's are often a view that would keep a whole receive buffer alive.
    const data = typeof draft.data === "string" ? draft.data : new Uint8Array(draft.data);
    return draft.meta === undefined ? { offset, prev, data } : { offset, prev, data, meta: draft.meta };
  }

  #trim(retain: Retain | undefined, wall: number): void {
    const entries = this.#entries;
    if (retain === undefined || !keepsAnything(retain)) {
      entries.clear();
      return;
    }
    const { count, bytes, age } = retain;
    if (count !== undefined) while (entries.length > count) entries.dropOldest();
    if (bytes !== undefined) while (entries.bytes > bytes) entries.dropOldest();
    if (age !== undefined) entries.dropBefore(offsetAt(wall - age));
  }
}

/** Bytes of payload and meta. */
function sizeOf({ data, meta }: Entry): number {
  const payload = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  return meta === undefined ? payload : payload + Buffer.byteLength(meta);
}
