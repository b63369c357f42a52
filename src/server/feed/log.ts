import type { Broker, LogOptions, Page, ReadFrom } from "../../broker/index.js";
import type { Cursor } from "../../protocol/index.js";
import { PAGE_BYTES } from "../delivery/chunk.js";
import type { Place } from "../kinds/kind.js";
import type { ReadLimit } from "./read-limit.js";

const PAGE_ENTRIES = 500;

export interface LogDeps {
  readonly broker: Broker;
  /** The node's. */
  readonly reads: ReadLimit;
}

/** One channel's log, at the broker. Everything rejects with the broker's error. */
export class Log {
  readonly channel: string;
  readonly #options: LogOptions;
  readonly #broker: Broker;
  readonly #reads: ReadLimit;

  constructor({ channel, log }: Place, { broker, reads }: LogDeps) {
    this.channel = channel;
    this.#options = log;
    this.#broker = broker;
    this.#reads = reads;
  }

  read(from: ReadFrom): Promise<Page> {
    return this.#reads.run(() => this.#broker.read(this.channel, from, this.#options));
  }

  /** A page of what follows. */
  readAfter(after: number): Promise<Page> {
    return this.read({ after, limit: PAGE_ENTRIES, bytes: PAGE_BYTES });
  }

  /** Somebody has a cursor that names no entry. */
  doubt({ epoch, offset }: Cursor): void {
    this.#broker.doubt?.(this.channel, epoch, offset);
  }
}
