import { MAX_OFFSET, offsetAt } from "../../protocol/index.js";
import type { Entry, LogOptions, Page, ReadFrom } from "../contract.js";
import { unpackMeta, type ChannelMeta } from "./channel-meta.js";
import { entryKey, offsetOfKey, type Environment } from "./environment.js";
import { readFirstEpoch } from "./stored-first-epochs.js";
import { storedSize, unpackStored } from "./record.js";

/** A page, and when its log was last noted to be in use; `undefined` where there is no log. */
export interface ReadPage {
  readonly page: Page;
  readonly usedAt: number | undefined;
}

/**
 * Reads logs straight from the disk's pages in memory. Every read is one synchronous step in a transaction of its
 * own: it begins fresh, since the last one may be older than what a hint has told, and none outlives the step, since
 * an open one keeps the writer from using freed space again.
 */
export class LogReader {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** As `Broker.read`, at this wall time. */
  read(channel: string, from: ReadFrom, options: LogOptions, now: number): ReadPage {
    const { root, channels } = this.#env;
    root.resetReadTxn();
    try {
      const bytes = channels.getBinary(Buffer.from(channel));
      const meta = bytes === undefined ? undefined : unpackMeta(bytes);
      // One that is kept by slots is none of these: it goes when somebody appends.
      if (meta === undefined || meta.slots !== undefined) {
        const epochs = [{ epoch: readFirstEpoch(this.#env, channel), base: 0 }];
        return { page: { entries: [], oldestPrev: 0, head: 0, epochs }, usedAt: undefined };
      }
      return { page: this.#page(meta, from, options, now), usedAt: meta.usedAt };
    } finally {
      root.resetReadTxn();
    }
  }

  #page(meta: ChannelMeta, from: ReadFrom, { keeping: { retain } }: LogOptions, now: number): Page {
    const { head, epochs } = meta;
    const { oldest, oldestPrev } = this.#oldest(
      meta,
      retain?.age === undefined ? 0 : offsetAt(now - retain.age),
    );
    if (oldest > head) return { entries: [], oldestPrev: head, head, epochs };
    const entries =
      "after" in from
        ? this.#collect(meta, Math.max(oldest, from.after + 1), head + 1, false, from)
        : this.#collect(meta, oldest, Math.min(from.before, head + 1), true, from).reverse();
    return { entries, oldestPrev, head, epochs };
  }

  /** From which offset on there are entries, and the `prev` of the first; one above the head when there are none. */
  #oldest(meta: ChannelMeta, since: number): { oldest: number; oldestPrev: number } {
    const { number, head, oldestPrev, count } = meta;
    if (count === 0) return { oldest: head + 1, oldestPrev: head };
    if (since <= oldestPrev + 1) return { oldest: oldestPrev + 1, oldestPrev };
    const range = { start: entryKey(number, since), end: entryKey(number, head + 1), limit: 1 };
    for (const { key, value } of this.#env.entries.getRange(range)) {
      const offset = offsetOfKey(key);
      return { oldest: offset, oldestPrev: unpackStored(offset, value).prev };
    }
    return { oldest: head + 1, oldestPrev: head };
  }

  /** Entries from `first` up to, not including, `end`; from the back when `reverse`. */
  #collect(
    { number }: ChannelMeta,
    first: number,
    end: number,
    reverse: boolean,
    { limit, bytes }: ReadFrom,
  ): Entry[] {
    const entries: Entry[] = [];
    if (first >= end || limit < 1) return entries;
    const [low, high] = [entryKey(number, first), entryKey(number, Math.min(end, MAX_OFFSET))];
    const range = reverse
      ? { start: high, end: low, reverse, exclusiveStart: true, inclusiveEnd: true, limit }
      : { start: low, end: high, limit };
    let room = bytes;
    for (const { key, value } of this.#env.entries.getRange(range)) {
      room -= storedSize(value);
      if (room < 0 && entries.length > 0) break;
      entries.push(unpackStored(offsetOfKey(key), value));
    }
    return entries;
  }
}
