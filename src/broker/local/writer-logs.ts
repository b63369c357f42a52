import type { Moment } from "../log/moment.js";
import type { Catalog } from "./catalog.js";
import type { DiskLog } from "./disk-log.js";
import type { DiskSlots } from "./slots/disk-slots.js";
import type { WrittenChannel, WrittenLog } from "./written-channels.js";

/** The logs of a writer's channels: found on the disk, made, and erased. */
export class WriterLogs {
  readonly catalog: Catalog;
  /** Channels whose logs were erased, which the disk may still show. */
  readonly #erased = new Set<string>();

  constructor(catalog: Catalog) {
    this.catalog = catalog;
  }

  /** The channel's log; `undefined` where there is none. */
  find(channel: WrittenChannel, now: Moment): WrittenLog | undefined {
    if (channel.log === undefined && !this.#erased.has(channel.name)) {
      channel.log = this.catalog.find(channel.name, now);
    }
    return channel.log;
  }

  /** The same, which is in use from now on. */
  use(channel: WrittenChannel, now: Moment): WrittenLog | undefined {
    channel.usedAt = now.steady;
    return this.find(channel, now);
  }

  /** The channel's log of entries, a new one where it has none. */
  ofEntries(channel: WrittenChannel, now: Moment): DiskLog {
    const log = this.use(channel, now);
    if (log?.by === "entries") return log;
    return this.#made(channel, () => this.catalog.create(channel.name, now));
  }

  /** The same of one that is kept by slots. */
  ofSlots(channel: WrittenChannel, now: Moment): DiskSlots {
    const log = this.use(channel, now);
    if (log?.by === "slots") return log;
    return this.#made(channel, () => this.catalog.createSlots(channel.name, now));
  }

  erase(channel: WrittenChannel, log: WrittenLog): void {
    this.catalog.erase(channel.name, log);
    this.#erased.add(channel.name);
    channel.log = undefined;
  }

  /** The disk has not taken what was erased. */
  failed(): void {
    this.#erased.clear();
  }

  /** The next transaction takes what was erased until now. Returns what to call when it is on the disk. */
  closing(): () => void {
    const erased = [...this.#erased];
    return () => {
      for (const name of erased) this.#erased.delete(name);
    };
  }

  #made<Log extends WrittenLog>(channel: WrittenChannel, make: () => Log): Log {
    // The application has made another kind of it.
    if (channel.log !== undefined) this.erase(channel, channel.log);
    const log = make();
    channel.log = log;
    return log;
  }
}
