/**
 * What each publisher takes of a channel's memory of keys. The broker remembers so many of a channel and refuses everybody
 * past that; so one publisher has a share of it, and who uses that up is refused alone.
 */
import { hash } from "node:crypto";
import type { Clock, Random, Timer } from "../../../protocol/index.js";

/** How many publishers on channels are remembered, and how many of their keys. */
const MOST_SHARES = 10_000;
const MOST_KEYS = 500_000;

/**
 * The keys of one publisher on one channel, as hashes. Each is remembered as the broker does: for one window at least and
 * two at most.
 */
interface Share {
  young: Set<number>;
  old: Set<number>;
  turnedAt: number;
  readonly window: number;
}

export class KeyShares {
  readonly #clock: Clock;
  readonly #most: number;
  /** Makes the hashes this server's own: nobody can choose keys that have the same one. */
  readonly #salt: string;
  /** The share that was used last comes last. */
  readonly #shares = new Map<string, Share>();
  #keys = 0;
  #timer: Timer;

  /** @param most keys of one publisher on one channel */
  constructor(clock: Clock, random: Random, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#salt = random.id();
  }

  /**
   * Takes room for a key, once however often it comes: 0, or the milliseconds until there is some. `window` is how long the
   * channel remembers keys; `times` is for how many publishers `who` stands.
   */
  take(channel: string, who: string, key: string, window: number, times = 1): number {
    if (window === 0 || this.#most === Infinity) return 0;
    const now = this.#clock.monotonic();
    const name = `${channel}\n${who}`;
    const share = this.#share(name, window, now);
    const print = Number.parseInt(hash("sha1", `${this.#salt}${key}`, "hex").slice(0, 7), 16);
    if (share.young.has(print) || share.old.has(print)) return 0;
    if (share.young.size + share.old.size >= this.#most * times) {
      return Math.ceil(share.turnedAt + (share.old.size > 0 ? window : 2 * window) - now);
    }
    share.young.add(print);
    this.#keys++;
    while (this.#keys > MOST_KEYS || this.#shares.size > MOST_SHARES) this.#dropOldest();
    return 0;
  }

  /** Forgets all shares, and stops the timer. */
  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#shares.clear();
    this.#keys = 0;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#keys;
  }

  #share(name: string, window: number, now: number): Share {
    const share = this.#shares.get(name) ?? { young: new Set(), old: new Set(), turnedAt: now, window };
    this.#turn(share, now);
    this.#shares.delete(name);
    this.#shares.set(name, share);
    this.#timer ??= this.#clock.setTimeout(() => this.#sweep(), window);
    return share;
  }

  #turn(share: Share, now: number): void {
    const passed = now - share.turnedAt;
    if (passed < share.window) return;
    const idle = passed >= 2 * share.window;
    this.#keys -= share.old.size + (idle ? share.young.size : 0);
    share.old = idle ? new Set() : share.young;
    share.young = new Set();
    share.turnedAt = now;
  }

  /** Forgets shares that nobody uses any more. */
  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let next = Infinity;
    for (const [name, share] of this.#shares) {
      this.#turn(share, now);
      if (share.young.size + share.old.size === 0) this.#shares.delete(name);
      else next = Math.min(next, share.window);
    }
    if (next < Infinity) this.#timer = this.#clock.setTimeout(() => this.#sweep(), next);
  }

  #dropOldest(): void {
    for (const [name, { young, old }] of this.#shares) {
      this.#shares.delete(name);
      this.#keys -= young.size + old.size;
      return;
    }
  }
}
