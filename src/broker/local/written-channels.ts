import type { Clock, Member } from "../../protocol/index.js";
import { firstVersionAt } from "../log/offset-range.js";
import { ChannelPresence } from "../memory/presence.js";
import type { DiskLog } from "./disk-log.js";
import type { LinkEvents } from "./link.js";
import type { DiskSlots } from "./slots/disk-slots.js";

/** A channel's log as its writer has it, by what it keeps. */
export type WrittenLog = DiskLog | DiskSlots;

/** What a writer has of a channel in memory. */
export interface WrittenChannel {
  readonly name: string;
  readonly followers: Set<LinkEvents>;
  log: WrittenLog | undefined;
  /** Steady time of the log's last use. */
  usedAt: number;
  presence: ChannelPresence | undefined;
}

/** The channels that a writer has in memory: who follows them, who is present, and their logs while these are in use. */
export class WrittenChannels {
  readonly #clock: Clock;
  readonly #channels = new Map<string, WrittenChannel>();
  /** No presence that was let go had a higher version. */
  #droppedVersion = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The channel of that name, from now on in memory. */
  of(name: string): WrittenChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { name, followers: new Set(), log: undefined, usedAt: 0, presence: undefined };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  all(): IterableIterator<WrittenChannel> {
    return this.#channels.values();
  }

  signal(name: string, signals: Buffer): void {
    const followers = this.#channels.get(name)?.followers;
    if (followers !== undefined) for (const follower of followers) follower.signals(name, signals);
  }

  follow(name: string, events: LinkEvents): void {
    this.of(name).followers.add(events);
  }

  unfollow(name: string, events: LinkEvents): void {
    this.#channels.get(name)?.followers.delete(events);
  }

  join(node: number, name: string, member: Member, instance: string): void {
    const channel = this.of(name);
    channel.presence ??= this.#newPresence(channel);
    channel.presence.join(node, member, instance);
  }

  leave(node: number, name: string, id: string, instance: string, grace: number): void {
    this.#channels.get(name)?.presence?.leave(node, id, instance, grace);
  }

  members(name: string): { members: Member[]; version: number } {
    const channel = this.#channels.get(name);
    if (channel === undefined) return { members: [], version: this.#firstVersion() };
    channel.presence ??= this.#newPresence(channel);
    return channel.presence.list();
  }

  /** A node is gone: it hears nothing more, and its members leave at once. */
  drop(node: number, events: LinkEvents): void {
    for (const { followers, presence } of this.#channels.values()) {
      followers.delete(events);
      presence?.drop(node);
    }
  }

  /** Lets go of a channel of which nothing has to be in memory. */
  letGoOfUnused({ name, log, followers, presence }: WrittenChannel): void {
    if (log !== undefined || followers.size > 0 || presence?.isIdle === false) return;
    this.#droppedVersion = Math.max(this.#droppedVersion, presence?.version ?? 0);
    this.#channels.delete(name);
  }

  #newPresence({ name, followers }: WrittenChannel): ChannelPresence {
    return new ChannelPresence(this.#clock, this.#firstVersion(), (change) => {
      for (const follower of followers) follower.presence(name, change);
    });
  }

  #firstVersion(): number {
    return firstVersionAt(this.#clock.now(), this.#droppedVersion);
  }
}
