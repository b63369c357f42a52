import { offsetAt } from "../../protocol/index.js";
import type { Appended, Draft, Entry, LogOptions, Page, ReadFrom } from "../contract.js";
import { KeyMemory } from "../log/key-memory.js";
import { LogState, newOffset, type ReigningStore } from "../log/log-state.js";
import type { Moment } from "../log/moment.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import { applyRetain, keepsAnything } from "../log/retain.js";
import { EntryQueue } from "./entry-queue.js";

/** What became of the drafts, and the entries that are new in the log: these are what followers are told. */
export interface LogAppend {
  readonly outcomes: Appended[];
  readonly entries: Entry[];
}

/** One channel's log as a data structure: it has no clock, no followers and no name. */
export class ChannelLog {
  #state: LogState<KeyMemory>;
  #entries = new EntryQueue();
  #usedAt: number;
  #dedupe = 0;
  #age: number | undefined;

  constructor(incarnation: string, epoch: string, now: Moment, maxKeys: number) {
    const start = { head: 0, epochs: [{ epoch, base: 0 }], incarnation };
    this.#state = new LogState(start, new KeyMemory(maxKeys, now.steady));
    this.#usedAt = now.steady;
  }

  /** The epoch being written. */
  get epoch(): string {
    return this.#state.epoch;
  }

  /** The offset of the newest entry ever appended; 0 when there was none. */
  get head(): number {
    return this.#state.head;
  }

  /** How many entries, and how many bytes of them, are kept now. */
  get kept(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.length, bytes: this.#entries.bytes };
  }

  /** How many text keys and scopes are remembered. */
  get remembered(): number {
    return this.#state.keys.size;
  }

  /**
   * Appends in one step: see {@link LogState.append}. This is the hot path: O(1) amortised per draft, and per entry it
   * allocates the entry and its outcome.
   */
  append(
    drafts: readonly Draft[],
    options: LogOptions,
    now: Moment,
    incarnation: string,
    newEpochName: () => string,
  ): LogAppend {
    this.#use(options, now);
    let prev = this.#state.head;
    const outcomes = this.#state.append(drafts, options, now, incarnation, newEpochName);
    const { retain } = options.keeping;
    const keep = keepsAnything(retain);
    const entries: Entry[] = [];
    for (let i = 0; i < drafts.length; i++) {
      const offset = newOffset(outcomes[i]);
      if (offset === undefined) continue;
      const entry = entryOf(drafts[i] as Draft, offset, prev);
      if (keep) this.#entries.push(entry, sizeOf(entry));
      entries.push(entry);
      prev = offset;
    }
    applyRetain(this.#entries, retain, now.wall);
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
      oldestPrev: oldest < entries.length ? entries.at(oldest).prev : this.#state.head,
      head: this.#state.head,
      epochs: this.#state.epochs,
    };
  }

  /** Carries out a step of who wants to write alone. */
  reign(step: ReignStep, options: LogOptions, now: Moment, store: ReigningStore): ReignAnswer {
    this.#use(options, now);
    return this.#state.decideReign(step, now, store);
  }

  /** Lets go of entries and keys whose time is over, as the latest caller's options have it. */
  expire(now: Moment): void {
    this.#state.keys.turn(now.steady, this.#dedupe);
    if (this.#age !== undefined) this.#entries.dropBefore(offsetAt(now.wall - this.#age));
  }

  /**
   * Whether the log may be dropped: unused for as long as its entries and keys are promised to last, or for `idle`
   * milliseconds where entries have no age to reach; and nobody reigns over it.
   */
  isIdle(now: Moment, idle: number): boolean {
    if (this.#state.isReigned(now)) return false;
    const unaged = this.#age === undefined && this.#entries.length > 0;
    const life = Math.max(this.#dedupe, this.#age ?? 0, unaged ? idle : 0);
    return now.steady - this.#usedAt > life;
  }

  /** An independent copy, such as a replica would have at this moment. */
  clone(): ChannelLog {
    const copy = new ChannelLog("", "", { wall: 0, steady: this.#usedAt }, 0);
    copy.#state = new LogState(this.#state, this.#state.keys.clone());
    copy.#entries = this.#entries.clone();
    copy.#dedupe = this.#dedupe;
    copy.#age = this.#age;
    return copy;
  }

  #use(options: LogOptions, now: Moment): void {
    this.#usedAt = now.steady;
    this.#dedupe = options.dedupe;
    this.#age = options.keeping.retain?.age;
  }
}

function entryOf({ data, meta }: Draft, offset: number, prev: number): Entry {
  // Bytes are copied: the draft's are often a view that would keep a whole receive buffer alive.
  const copy = typeof data === "string" ? data : new Uint8Array(data);
  return meta === undefined ? { offset, prev, data: copy } : { offset, prev, data: copy, meta };
}

/** Bytes of payload and meta. */
function sizeOf({ data, meta }: Entry): number {
  const payload = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  return meta === undefined ? payload : payload + Buffer.byteLength(meta);
}
