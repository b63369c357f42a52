import type { Broker, LogOptions, Page, ReadFrom } from "../../broker/index.js";
import type { Cursor } from "../../protocol/index.js";
import { PAGE_BYTES } from "../delivery/chunk.js";
import type { Place } from "../kinds/kind.js";
import type { ReadLimit, Reads } from "./read-limit.js";

const PAGE_ENTRIES = 500;

export interface LogDeps {
  readonly broker: Broker;
  /** The node's. */
  readonly reads: Reads;
}

/** One channel's log, at the broker. Everything rejects with the broker's error. */
export class Log {
  readonly channel: string;
  readonly #options: LogOptions;
  readonly #broker: Broker;
  readonly #reads: Reads;

  constructor({ channel, log }: Place, { broker, reads }: LogDeps) {
    this.channel = channel;
    this.#options = log;
    this.#broker = broker;
    this.#reads = reads;
  }

  read(from: ReadFrom): Promise<Page> {
    return this.#read(from, this.#reads.first);
  }

  /** A page of what follows. */
  readAfter(after: number): Promise<Page> {
    return this.read({ after, limit: PAGE_ENTRIES, bytes: PAGE_BYTES });
  }

  /** The same, for the rest of the message that follows. */
  readAgain(after: number): Promise<Page> {
    return this.#read({ after, limit: 1, bytes: 0 }, this.#reads.again);
  }

  /** Somebody has a cursor that names no entry. */
  doubt({ epoch, offset }: Cursor): void {
    this.#broker.doubt?.(this.channel, epoch, offset);
  }

  #read(from: ReadFrom, limit: ReadLimit): Promise<Page> {
    return limit.run(() => this.#broker.read(this.channel, from, this.#options));
  }
}
