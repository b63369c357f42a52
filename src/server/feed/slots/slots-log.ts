import {
  type Broker,
  type Changed,
  type ChangesDraft,
  type SlotsFrom,
  type SlotsOptions,
  type SlotsPage,
} from "../../../broker/index.js";
import type { SlotsPlace } from "../../kinds/slots-kind.js";

/** How much of a log is read at once. */
export interface WalkPage {
  readonly entries: number;
  readonly bytes: number;
}

/** Entries and bytes. A page is one step of the broker, which others wait for. */
export const WALK_PAGE: WalkPage = { entries: 1000, bytes: 256 * 1024 };

/** One channel's log that is kept by slots, at the broker. Everything rejects with the broker's error. */
export class SlotsLog {
  readonly channel: string;
  readonly #options: SlotsOptions;
  readonly #broker: Broker;
  readonly #page: WalkPage;

  constructor({ channel, log }: SlotsPlace, broker: Broker, page: WalkPage = WALK_PAGE) {
    this.channel = channel;
    this.#options = log;
    this.#broker = broker;
    this.#page = page;
  }

  /** A page of what follows. */
  readAfter(after: number): Promise<SlotsPage> {
    return this.#read({ after, limit: this.#page.entries, bytes: this.#page.bytes });
  }

  /** Up to so many slots that are due. */
  readDue(most: number): Promise<SlotsPage> {
    return this.#read({ due: most });
  }

  change(drafts: readonly ChangesDraft[]): Promise<Changed[]> {
    return this.#broker.change(this.channel, drafts, this.#options);
  }

  #read(from: SlotsFrom): Promise<SlotsPage> {
    return this.#broker.readSlots(this.channel, from, this.#options);
  }
}
