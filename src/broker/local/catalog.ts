import type { Random } from "../../protocol/index.js";
import { randomEpoch } from "../log/epoch-names.js";
import type { Moment } from "../log/moment.js";
import { unpackMeta, type ChannelMeta } from "./channel-meta.js";
import { DiskLog } from "./disk-log.js";
import type { LogShare } from "./log-share.js";
import { entryKey, offsetOfKey } from "./environment.js";
import { FirstEpochs } from "./stored-first-epochs.js";
import { offsetAt } from "../../protocol/index.js";

/** The table's only key. */
const LAST_NUMBER = Buffer.from("last number");

/** Which logs a directory has: finds them on the disk and makes new ones. */
export class Catalog {
  readonly #share: LogShare;
  readonly #random: Random;
  readonly #incarnation: string;
  readonly #firstEpochs: FirstEpochs;
  #lastNumber = 0;
  /** Where {@link next} goes on. */
  #sweptTo: Buffer | undefined;

  constructor(share: LogShare, random: Random, incarnation: string) {
    this.#share = share;
    this.#random = random;
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

  newEpochName(): string {
    return randomEpoch(this.#random);
  }

  /** The log of that name as it is on the disk; `undefined` when there is none. */
  find(name: string, now: Moment): DiskLog | undefined {
    const { channels } = this.#share.env;
    channels.resetReadTxn();
    const bytes = channels.getBinary(Buffer.from(name));
    channels.resetReadTxn();
    return bytes === undefined ? undefined : new DiskLog(this.#share, name, unpackMeta(bytes), now);
  }

  /** A new log. Its meta is the caller's to save. */
  create(name: string, now: Moment): DiskLog {
    const { changes } = this.#share.commit;
    const number = ++this.#lastNumber;
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeDoubleBE(number);
    changes.put(this.#share.env.about, LAST_NUMBER, bytes);
    this.#firstEpochs.announceWith(changes);
    return new DiskLog(
      this.#share,
      name,
      {
        number,
        epochs: [{ epoch: this.#firstEpochs.of(name), base: 0 }],
        incarnation: this.#incarnation,
        head: 0,
        oldestPrev: 0,
        count: 0,
        bytes: 0,
        fence: undefined,
        dedupe: 0,
        age: undefined,
        usedAt: now.wall,
        generation: 0,
        turnedAt: now.wall,
      },
      now,
    );
  }

  /** Erases a log, so that what comes under its name is told from it. */
  erase(name: string, log: DiskLog): void {
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

  #isDue(
    { number, age, count, oldestPrev, usedAt, dedupe, turnedAt }: ChannelMeta,
    now: Moment,
    idle: number,
  ): boolean {
    if (count === 0 && now.wall - usedAt > Math.max(dedupe, age ?? 0, idle)) return true;
    const { entries, keys } = this.#share.env;
    if (age !== undefined && count > 0) {
      const first = { start: entryKey(number, oldestPrev + 1), end: entryKey(number + 1, 0), limit: 1 };
      for (const key of entries.getKeys(first)) if (offsetOfKey(key) < offsetAt(now.wall - age)) return true;
    }
    if (now.wall - turnedAt < dedupe) return false;
    const any = { start: entryKey(number, 0), end: entryKey(number + 1, 0), limit: 1 };
    return keys.getKeysCount(any) > 0;
  }
}
