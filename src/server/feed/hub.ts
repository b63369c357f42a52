/** The channels that are active on this node. One object per channel, however many subscribe at once. */
import type { Timer } from "../../protocol/index.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { TidemarkError } from "../errors.js";
import { ActiveChannel, type ActiveChannelDeps } from "./active-channel.js";

/** How long a channel that nobody is subscribed to any more is still followed, in milliseconds. */
const LINGER_MS = 5000;
/** When whoever found no room for another memory may try again, in milliseconds. */
const AGAIN_MS = 5000;
/** About how often a channel is compared with the broker although nothing was missed, in milliseconds. */
const CHECK_MS = 25_000;

export interface HubDeps extends ActiveChannelDeps {
  /** From 0 to 1: spreads the checks, and what several servers do. */
  readonly jitter: () => number;
  /** Counts channels that were not opened. */
  readonly refused: { overloaded: number };
}

interface Slot {
  readonly channel: ActiveChannel;
  readonly opened: Promise<ActiveChannel>;
  /** Uses that are not subscriptions yet: subscribing is under way. */
  pending: number;
  /** Until it is compared with the broker. It would keep the channel for so long. */
  check: Timer;
}

export class Hub {
  readonly #deps: HubDeps;
  readonly #slots = new Map<string, Slot>();
  /** By number, where commands name channels so: those that are kept by slots. */
  readonly #numbers = new Map<number, ActiveChannel>();
  #lastCh = 0;
  #closed = false;

  constructor(deps: HubDeps) {
    this.#deps = deps;
  }

  get(name: string): ActiveChannel | undefined {
    return this.#slots.get(name)?.channel;
  }

  /** The active channel of that number. */
  named(ch: number): ActiveChannel | undefined {
    return this.#numbers.get(ch);
  }

  *[Symbol.iterator](): Iterator<ActiveChannel> {
    for (const slot of this.#slots.values()) yield slot.channel;
  }

  /** How many channels somebody is subscribed to. Others are still followed, or about to be. */
  get occupied(): number {
    let count = 0;
    for (const { channel } of this.#slots.values()) if (channel.audience.size > 0) count++;
    return count;
  }

  /**
   * The active channel of that name, opened if need be. It stays until `release` was called as often, and then
   * as long as it has subscribers. Rejects with the broker's error, or with `overloaded` where the memories of channels that are kept
   * by slots take all that they may.
   */
  async acquire(resolved: ResolvedChannel): Promise<ActiveChannel> {
    const slot = this.#slots.get(resolved.name) ?? this.#open(resolved);
    slot.pending++;
    try {
      return await slot.opened;
    } catch (error) {
      // Off this slot: by its name there may be another one already.
      slot.pending--;
      throw error;
    }
  }

  /** Ends what `acquire` began; called also when a subscriber has left. */
  release(name: string, ended: "acquire" | "subscription" = "acquire"): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    if (ended === "acquire") slot.pending--;
    if (!this.#idle(slot)) return;
    this.#deps.clock.setTimeout(() => {
      if (this.#slots.get(name) === slot && this.#idle(slot)) this.#drop(name, slot);
    }, LINGER_MS);
  }

  close(): void {
    this.#closed = true;
    for (const [name, slot] of this.#slots) this.#drop(name, slot);
  }

  #idle(slot: Slot): boolean {
    return slot.pending === 0 && slot.channel.audience.size === 0;
  }

  #drop(name: string, slot: Slot): void {
    this.#slots.delete(name);
    this.#numbers.delete(slot.channel.ch);
    this.#deps.clock.clearTimeout(slot.check);
    slot.channel.close();
  }

  #open(resolved: ResolvedChannel): Slot {
    const isBySlots = resolved.def.kind.by === "slots";
    if (isBySlots) this.#makeRoom();
    const channel = new ActiveChannel(resolved, ++this.#lastCh, this.#deps);
    if (isBySlots) this.#numbers.set(channel.ch, channel);
    const opened = channel.open().then(
      () => {
        if (this.#slots.get(resolved.name) === slot) this.#scheduleCheck(resolved.name, slot);
        return channel;
      },
      (error: unknown) => {
        // The next one who asks tries again.
        if (this.#slots.get(resolved.name) === slot) this.#slots.delete(resolved.name);
        this.#numbers.delete(channel.ch);
        throw error;
      },
    );
    const slot: Slot = { channel, opened, pending: 0, check: undefined };
    this.#slots.set(resolved.name, slot);
    return slot;
  }

  /** Lets go of memories that nobody needs now, those that were opened first before others, where all together take too much. */
  #makeRoom(): void {
    const { memories, refused } = this.#deps;
    if (!memories.isFull) return;
    for (const [name, slot] of this.#slots) {
      if (slot.channel.resolved.def.kind.by !== "slots" || !this.#idle(slot)) continue;
      this.#drop(name, slot);
      if (!memories.isFull) return;
    }
    refused.overloaded++;
    throw new TidemarkError(
      "overloaded",
      `this server holds all that it may of channels that are kept by keys, ${memories.bytes} of ${memories.most} bytes (limits.memories)`,
      { after: AGAIN_MS },
    );
  }

  #scheduleCheck(name: string, slot: Slot): void {
    slot.check = this.#deps.clock.setTimeout(
      () => {
        if (this.#closed || this.#slots.get(name) !== slot) return;
        this.#scheduleCheck(name, slot);
        slot.channel.check();
      },
      CHECK_MS * (0.8 + 0.4 * this.#deps.jitter()),
    );
  }
}
