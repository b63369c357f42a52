/**
 * Deletes what is due. Whether it is, the broker says, in the step that deletes it; when to ask, this node finds out: from what
 * pages and publishes say of times to live. All nodes that have the channel open do it, and the first one is enough.
 */
import type { ChangesDraft, ChangesEntry, Key } from "../../../broker/index.js";
import type { Clock, Timer } from "../../../protocol/index.js";
import { detach } from "../../guard.js";
import type { SlotsLog } from "./slots-log.js";

/** So many slots are deleted in one call. */
const AT_ONCE = 500;
/** So many calls one after the other; then others have their turn. */
const MOST_CALLS = 1000;
/** Nodes ask at times that are apart by up to this, in milliseconds: so mostly one of them is enough. */
const SPREAD_MS = 200;
/** How long after a failure it is tried again, in milliseconds. */
const RETRY_MS = 1000;
/** A longer wait than a timer may have is taken in steps of a day. */
const MOST_WAIT_MS = 86_400_000;

/** How long a node's connection to the broker has stood, without a cut or reset. */
export interface Contact {
  /** Whether for so long that those who would have said that they are still there have been heard. */
  readonly stands: boolean;
  /** Milliseconds until then. */
  readonly wait: number;
}

export interface ExpiryDeps {
  readonly clock: Clock;
  readonly contact: Contact;
  /** From 0 to 1. */
  readonly jitter: () => number;
  /** A key that no other append has. */
  readonly key: () => Key;
  readonly onError: (error: unknown, channel: string) => void;
}

const EXPIRED = '{"expired":true}';

export class Expiry {
  readonly #log: SlotsLog;
  readonly #deps: ExpiryDeps;
  #timer: Timer;
  /** When the timer goes off, on the monotonic clock. */
  #at = Infinity;
  #isRunning = false;
  #closed = false;

  constructor(log: SlotsLog, deps: ExpiryDeps) {
    this.#log = log;
    this.#deps = deps;
  }

  /** Deletes what is due before anybody is served, where this node may; otherwise it is done when it may. Whether it has deleted any. */
  async open(): Promise<boolean> {
    if (this.#at > this.#deps.clock.monotonic() + SPREAD_MS || !this.#deps.contact.stands) return false;
    return this.#run();
  }

  /** A slot is due in so many milliseconds, or before. */
  within(ms: number): void {
    if (this.#closed) return;
    const { clock, jitter, contact } = this.#deps;
    const wait = Math.min(Math.max(ms, contact.wait), MOST_WAIT_MS);
    const at = clock.monotonic() + wait + SPREAD_MS * jitter();
    if (at >= this.#at) return;
    clock.clearTimeout(this.#timer);
    this.#at = at;
    this.#timer = clock.setTimeout(() => {
      detach(this.#run(), (error) => this.#failed(error));
    }, at - clock.monotonic());
  }

  /** A change came: what it says of a time to live. */
  onEntry({ meta }: ChangesEntry): void {
    const ttl = meta === undefined ? undefined : ttlIn(meta);
    if (ttl !== undefined) this.within(ttl);
  }

  close(): void {
    this.#closed = true;
    this.#deps.clock.clearTimeout(this.#timer);
  }

  async #run(): Promise<boolean> {
    const { clock, contact } = this.#deps;
    clock.clearTimeout(this.#timer);
    this.#at = Infinity;
    if (this.#closed) return false;
    // Cut off meanwhile: those who renew their slots may not have got through.
    if (this.#isRunning || !contact.stands) {
      this.within(Math.max(contact.wait, RETRY_MS));
      return false;
    }
    this.#isRunning = true;
    try {
      return await this.#deleteDue();
    } finally {
      this.#isRunning = false;
    }
  }

  async #deleteDue(): Promise<boolean> {
    for (let calls = 0; ; calls++) {
      const { entries, due } = await this.#log.readDue(AT_ONCE);
      const slots = entries.flatMap(({ changes = [] }) => changes.map(({ slot }) => slot));
      if (this.#closed || slots.length === 0 || calls === MOST_CALLS) {
        if (due !== undefined) this.within(slots.length === 0 ? due : RETRY_MS);
        return calls > 0;
      }
      await this.#log.change(slots.map((slot) => this.#draft(slot)));
    }
  }

  #draft(slot: string): ChangesDraft {
    return {
      key: this.#deps.key(),
      meta: EXPIRED,
      changes: [{ slot, data: undefined }],
      if: [{ slot, unchangedSince: "due" }],
    };
  }

  #failed(error: unknown): void {
    this.#deps.onError(error, this.#log.channel);
    this.within(RETRY_MS);
  }
}

const TTL = /"ttl":(\d+)/;

/** The time to live that stands in an entry's meta, which the server writes: see `metaWithTtl`. */
function ttlIn(meta: string): number | undefined {
  const digits = TTL.exec(meta)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
