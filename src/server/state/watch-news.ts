/** What a subscriber is told of a channel of keys, line by line, put together to what has changed since somebody last asked. */
import type { Meta } from "../../protocol/index.js";

/** What a listener is told. */
export interface WatchedChanges<Value> {
  /** Each key that has changed, with what it holds now; `undefined` where that is nothing. */
  readonly changes: ReadonlyMap<string, Value | undefined>;
  /** These are all keys that there are: what was told before, and is not among them, is gone. So it is at the beginning. */
  readonly full: boolean;
  /** The place in the log that this is as of. */
  readonly cursor: string;
}

type Changes = Map<string, unknown>;

export class WatchNews {
  #epoch: string;
  #offset: number;
  /** What has come of a message in parts. */
  #parts: Changes = new Map();
  #news: Changes | undefined;
  #isFull = false;

  constructor({ epoch, offset }: { readonly epoch: string; readonly offset: number }) {
    this.#epoch = epoch;
    this.#offset = offset;
  }

  /** A line, parsed. */
  line(value: unknown): void {
    if (Array.isArray(value)) this.#message(value as [number, number, unknown[]?, SlotsMeta?]);
    else if ((value as { readonly event?: unknown }).event === "gap") {
      const { epoch, until } = value as { readonly epoch: string; readonly until: number };
      this.#epoch = epoch;
      this.#offset = until;
    }
  }

  /** What there is to tell; once. */
  take(): WatchedChanges<unknown> | undefined {
    if (this.#news === undefined) return undefined;
    const told = { changes: this.#news, full: this.#isFull, cursor: `${this.#epoch}:${this.#offset}` };
    this.#news = undefined;
    this.#isFull = false;
    return told;
  }

  #message([, offset, values, meta = {}]: [number, number, unknown[]?, SlotsMeta?]): void {
    // Without keys it only says where one stands.
    if (values === undefined) return void (this.#offset = offset);
    if ((meta.part ?? 0) === 0) this.#parts = new Map();
    for (let i = 0; i < values.length; i += 2) this.#parts.set(values[i] as string, values[i + 1]);
    for (const key of meta.del ?? []) this.#parts.set(key, undefined);
    if (meta.more !== true) this.#apply(offset);
  }

  #apply(offset: number): void {
    const came = this.#parts;
    this.#parts = new Map();
    if (this.#offset === 0) {
      this.#news = came;
      this.#isFull = true;
    } else if (this.#news === undefined) this.#news = came;
    else {
      for (const [key, value] of came) {
        if (this.#isFull && value === undefined) this.#news.delete(key);
        else this.#news.set(key, value);
      }
    }
    this.#offset = offset;
  }
}

type SlotsMeta = Meta & { readonly del?: readonly string[] };
