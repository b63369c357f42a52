import type { Moment } from "../log/moment.js";
import type { Changes } from "./changes.js";
import { unpackMeta, type ChannelMeta } from "./channel-meta.js";
import { DiskLog } from "./disk-log.js";
import { DiskSlots } from "./slots/disk-slots.js";
import { gravesBetween, placeOfGrave } from "./slots/slot-keys.js";
import { lifeOf, type SlotsMeta } from "./slots/slots-meta.js";
import type { WrittenLog } from "./written-channels.js";
import type { LogShare } from "./log-share.js";
import { entryKey, offsetOfKey } from "./environment.js";
import { FirstEpochs } from "./stored-first-epochs.js";
import { offsetAt } from "../../protocol/index.js";

/** The table's only key. */
const LAST_NUMBER = Buffer.from("last number");

/** Which logs a directory has: finds them on the disk and makes new ones. */
export class Catalog {
  readonly #share: LogShare;
  readonly #incarnation: string;
  readonly #firstEpochs: FirstEpochs;
  #lastNumber = 0;
  /** Where {@link next} goes on. */
  #sweptTo: Buffer | undefined;

  constructor(share: LogShare, incarnation: string) {
    this.#share = share;
    this.#incarnation = incarnation;
    this.#firstEpochs = new FirstEpochs(share.env, incarnation);
    this.reload();
  }

  /** Forgets what was decided and did not reach the disk. */
  reload(): void {
    const { about } = this.#share.env;
    about.resetReadTxn();
    const bytes = about.getBinary(LAST_NUMBER);
    about.resetReadTxn();
    this.#lastNumber = bytes === undefined ? 0 : Buffer.from(bytes).readDoubleBE(0);
  }

  /** Has all processes name logs that are not there as this one does. Called once, while the directory is surely ours. */
  announce(): void {
    this.#firstEpochs.announce();
  }

  /** The same with a transaction, where the disk did not take it then. */
  announceWith(changes: Changes): void {
    this.#firstEpochs.announceWith(changes);
  }

  /** The log of that name as it is on the disk; `undefined` when there is none. */
  find(name: string, now: Moment): WrittenLog | undefined {
    const { channels } = this.#share.env;
    channels.resetReadTxn();
    const bytes = channels.getBinary(Buffer.from(name));
    channels.resetReadTxn();
    if (bytes === undefined) return undefined;
    const { slots, ...meta } = unpackMeta(bytes);
    return slots === undefined
      ? new DiskLog(this.#share, name, meta, now)
      : new DiskSlots(this.#share, name, { ...meta, slots }, now);
  }

  /** A new log. Its meta is the caller's to save. */
  create(name: string, now: Moment): DiskLog {
    return new DiskLog(this.#share, name, this.#newMeta(name, now), now);
  }

  /** A new log that is kept by slots. Its meta is the caller's to save. */
  createSlots(name: string, now: Moment): DiskSlots {
    const keeping = { graves: {} };
    const slots: SlotsMeta = { graves: 0, graveBytes: 0, floor: 0, begunAt: now.wall, keeping };
    return new DiskSlots(this.#share, name, { ...this.#newMeta(name, now), slots }, now);
  }

  #newMeta(name: string, now: Moment): ChannelMeta {
    const { changes } = this.#share.commit;
    const number = ++this.#lastNumber;
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(number);
    changes.put(this.#share.env.about, LAST_NUMBER, bytes);
    return {
      number,
      epochs: [{ epoch: this.#firstEpochs.of(name), base: 0 }],
      incarnation: this.#incarnation,
      head: 0,
      oldestPrev: 0,
      count: 0,
      bytes: 0,
      dedupe: 0,
      age: undefined,
      usedAt: now.wall,
      generation: 0,
      turnedAt: now.wall,
    };
  }

  /** Erases a log, so that what comes under its name is told from it. */
  erase(name: string, log: WrittenLog): void {
    if (log.head > 0) this.#firstEpochs.forget(name, this.#share.commit.changes);
    log.erase();
  }

  /** The names of the next logs in turn that have something to let go of; looks at `count` and begins anew at the end. */
  next(count: number, now: Moment, idle: number): string[] {
    const { channels } = this.#share.env;
    const names: string[] = [];
    let seen = 0;
    channels.resetReadTxn();
    const range =
      this.#sweptTo === undefined
        ? { limit: count }
        : { start: this.#sweptTo, exclusiveStart: true, limit: count };
    for (const { key, value } of channels.getRange(range)) {
      this.#sweptTo = Buffer.from(key);
      seen += 1;
      if (this.#isDue(unpackMeta(value), now, idle)) names.push(this.#sweptTo.toString());
    }
    channels.resetReadTxn();
    if (seen < count) this.#sweptTo = undefined;
    return names;
  }

  #isDue(meta: ChannelMeta, now: Moment, idle: number): boolean {
    const { number, dedupe, turnedAt, slots } = meta;
    if (slots === undefined ? this.#hasOldEntries(meta, now, idle) : this.#hasOldGraves(meta, slots, now))
      return true;
    const { keys } = this.#share.env;
    if (now.wall - turnedAt < dedupe) return false;
    const any = { start: entryKey(number, 0), end: entryKey(number + 1, 0), limit: 1 };
    return keys.getKeysCount(any) > 0;
  }

  /** Whether a log, or some of its entries, may go. */
  #hasOldEntries(
    { number, age, count, oldestPrev, usedAt, dedupe }: ChannelMeta,
    now: Moment,
    idle: number,
  ): boolean {
    if (count === 0 && now.wall - usedAt > Math.max(dedupe, age ?? 0, idle)) return true;
    if (age === undefined || count === 0) return false;
    const first = { start: entryKey(number, oldestPrev + 1), end: entryKey(number + 1, 0), limit: 1 };
    for (const key of this.#share.env.entries.getKeys(first))
      if (offsetOfKey(key) < offsetAt(now.wall - age)) return true;
    return false;
  }

  /** Whether a log that is kept by slots, or some of its tombstones, may go. */
  #hasOldGraves({ number, count, usedAt, dedupe }: ChannelMeta, slots: SlotsMeta, now: Moment): boolean {
    const { keeping, graves } = slots;
    if (now.wall - usedAt > lifeOf(count, dedupe, keeping)) return true;
    const { age } = keeping.graves;
    if (age === undefined || graves === 0) return false;
    const oldest = offsetAt(now.wall - age);
    for (const key of this.#share.env.entries.getKeys({ ...gravesBetween(number, 0, oldest), limit: 1 }))
      return placeOfGrave(key).offset < oldest;
    return false;
  }
}
