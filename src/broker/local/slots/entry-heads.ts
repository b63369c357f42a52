import type { LogShare } from "../log-share.js";
import { changeKey } from "./slot-keys.js";
import { liveOf, packHead, withLive, type RowHead } from "./slot-rows.js";

interface Counted {
  readonly row: Buffer;
  /** How many changes of the entry are still there. */
  live: number;
}

/** What entries of several changes have in common. It goes from the disk with the last of them. */
export class EntryHeads {
  readonly #share: LogShare;
  readonly #channel: number;
  /** Those that changed since the last {@link save}, by offset, and those that are on their way to the disk. */
  #changed = new Map<number, Counted>();
  #underWay: ReadonlyMap<number, Counted> = new Map();

  constructor(share: LogShare, channel: number) {
    this.#share = share;
    this.#channel = channel;
  }

  /** That of a new entry, of so many changes. */
  add(offset: number, head: RowHead, live: number): void {
    this.#changed.set(offset, { row: packHead(head, live), live });
  }

  /** One of the entry's changes is there no more. */
  leave(offset: number): void {
    const head = this.#changed.get(offset) ?? this.#find(offset);
    if (head === undefined) return;
    head.live -= 1;
    this.#changed.set(offset, head);
  }

  /** Puts what changed, each once. */
  save(): void {
    const { env, commit } = this.#share;
    for (const [offset, { row, live }] of this.#changed) {
      const key = changeKey(this.#channel, { offset, index: 0 });
      if (live > 0) commit.changes.put(env.entries, key, withLive(row, live));
      else commit.changes.remove(env.entries, key);
    }
    this.#underWay = this.#changed;
    this.#changed = new Map();
  }

  #find(offset: number): Counted | undefined {
    const waiting = this.#underWay.get(offset);
    if (waiting !== undefined) return { ...waiting };
    const row = this.#share.env.entries.getBinary(changeKey(this.#channel, { offset, index: 0 }));
    return row === undefined ? undefined : { row: Buffer.from(row), live: liveOf(Buffer.from(row)) };
  }
}
