/**
 * Messages that have begun and are not whole. Each has to get on: it holds memory of ours, for which its peer does
 * nothing. There is one timer for all such messages; nothing is done for messages that come whole.
 */
import type { Clock, Timer } from "../../../protocol/index.js";

/** A message must come at this pace at least, in bytes a second, once its time is over. */
const LEAST_PACE = 1024;
/** How often such messages are looked at, in milliseconds; a tenth of the time that they have where that is less. */
const TICK_MS = 1000;
const LEAST_TICK_MS = 20;

/** A message that is under way. */
export interface Unfinished {
  /** How long the message has been under way, in milliseconds, as far as the server listened. */
  waited: number;
  /** Bytes that have come of the message. */
  readonly came: number;
}

/** Whose message it is. */
export interface UnfinishedOwner {
  /** Whether the server does not read what the peer sends. */
  readonly unread: boolean;
  /** The message has taken too long. */
  onUnfinished(reason: string): void;
}

export class UnfinishedMessages {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #tick: number;
  readonly #all = new Map<Unfinished, UnfinishedOwner>();
  #timer: Timer;
  #looked = 0;

  /** @param patience milliseconds that every message has, however slowly it comes */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
    this.#tick = Math.max(LEAST_TICK_MS, Math.min(TICK_MS, patience / 10));
  }

  /** How many messages are under way. */
  get size(): number {
    return this.#all.size;
  }

  add(message: Unfinished, owner: UnfinishedOwner): void {
    if (this.#all.size === 0) this.#begin();
    this.#all.set(message, owner);
  }

  delete(message: Unfinished): void {
    this.#all.delete(message);
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#all.clear();
  }

  #begin(): void {
    // A timer that was left running finds new messages.
    if (this.#timer !== undefined) return;
    this.#looked = this.#clock.monotonic();
    this.#timer = this.#clock.setTimeout(() => this.#look(), this.#tick);
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    // A server that stood still has not listened either.
    const passed = Math.min(now - this.#looked, 2 * this.#tick);
    for (const [message, owner] of this.#all) {
      if (owner.unread) continue;
      message.waited += passed;
      if (message.waited > this.#patience + (message.came * 1000) / LEAST_PACE) {
        this.#all.delete(message);
        owner.onUnfinished(
          `a message was not whole after ${Math.round(message.waited / 1000)} s; ${message.came} bytes of it have come`,
        );
      }
    }
    if (this.#all.size > 0) this.#begin();
  }
}
