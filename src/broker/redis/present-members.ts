/**
 * Which members this node has on which channels, and how Redis comes to know it. What a node says of its members is
 * repeated until Redis has it: a leave that was lost would leave a ghost.
 */
import type { Clock, Member, Timer } from "../../protocol/index.js";
import { BrokerError } from "../contract.js";
import type { Keys } from "./keys.js";
import type { Arg, RedisLink } from "./link.js";
import { writeMember } from "./member-codec.js";
import { scripts } from "./scripts.js";
import { PRESENCE_AGAIN_MS } from "./retry-times.js";

/** The most joins and leaves in one script. */
const MAX_BATCH = 256;
/** A grace is looked at a little after its end, in milliseconds. */
const GRACE_MARGIN_MS = 2;
/** A longer grace is looked at in between: timers and clocks of machines differ. */
const MAX_GRACE_WAIT_MS = 3_600_000;

/** A join or leave that Redis has not confirmed. A later one of the same instance takes its place. */
interface Change {
  readonly id: string;
  /** `+` and the member, or the grace. */
  readonly what: string;
  readonly waiters: { readonly resolve: () => void; readonly reject: (error: BrokerError) => void }[];
}

interface PresentChannel {
  readonly name: string;
  /** By instance: what this node has joined. */
  readonly joined: Map<string, Change>;
  /** By instance, in order. */
  readonly pending: Map<string, Change>;
  /** Whether the incarnation's list of channels names this one. */
  registered: boolean;
  running: boolean;
  /** Looks at the graces, or tries again. */
  timer: Timer;
}

export class PresentMembers {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #channels = new Map<string, PresentChannel>();
  #incarnation: string;
  #closed = false;

  constructor(link: RedisLink, keys: Keys, clock: Clock, incarnation: string) {
    this.#link = link;
    this.#keys = keys;
    this.#clock = clock;
    this.#incarnation = incarnation;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  join(channel: string, member: Member, instance: string): Promise<void> {
    return this.#change(channel, member.id, instance, `+${writeMember(member)}`);
  }

  leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    return this.#change(channel, id, instance, `${Math.max(0, Math.ceil(grace))}`);
  }

  /** Joins everybody again, as another incarnation; what Redis knew of the one before is swept. */
  rejoin(incarnation: string): void {
    this.#incarnation = incarnation;
    for (const channel of this.#channels.values()) {
      channel.registered = false;
      for (const [key, { id, what }] of channel.joined) {
        if (!channel.pending.has(key)) channel.pending.set(key, { id, what, waiters: [] });
      }
      this.#run(channel);
    }
  }

  /** Channels that Redis may know members or graces of this node on. */
  get channels(): string[] {
    return [...this.#channels.keys()];
  }

  /** Whether Redis has confirmed everything. */
  get settled(): boolean {
    for (const { pending, running } of this.#channels.values()) if (running || pending.size > 0) return false;
    return true;
  }

  /** Looks at a channel's graces when they are due, `ms` from now. */
  lookAfter(name: string, ms: number): void {
    if (!this.#closed) this.#schedule(this.#channel(name), ms);
  }

  /** Has Redis keep what it knows of these members for as long again. */
  renew(): void {
    for (const channel of this.#channels.values()) if (channel.joined.size > 0) this.#run(channel);
  }

  close(): void {
    this.#closed = true;
    for (const { timer, pending } of this.#channels.values()) {
      this.#clock.clearTimeout(timer);
      for (const { waiters } of pending.values()) {
        for (const { reject } of waiters) reject(new BrokerError("closed", "this broker was closed"));
      }
    }
    this.#channels.clear();
  }

  #change(name: string, id: string, instance: string, what: string): Promise<void> {
    const channel = this.#channel(name);
    const key = instanceKey(id, instance);
    return new Promise((resolve, reject) => {
      const replaced = channel.pending.get(key);
      const change: Change = { id, what, waiters: [...(replaced?.waiters ?? []), { resolve, reject }] };
      if (what.startsWith("+")) channel.joined.set(key, change);
      else channel.joined.delete(key);
      channel.pending.delete(key);
      channel.pending.set(key, change);
      this.#run(channel);
    });
  }

  #channel(name: string): PresentChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = {
        name,
        joined: new Map(),
        pending: new Map(),
        registered: false,
        running: false,
        timer: undefined,
      };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #run(channel: PresentChannel): void {
    if (channel.running || this.#closed) return;
    channel.running = true;
    // What comes in this turn goes together.
    this.#clock.setImmediate(() => {
      this.#flush(channel).then(
        (nextGrace) => {
          channel.running = false;
          if (nextGrace >= 0) this.#schedule(channel, nextGrace + GRACE_MARGIN_MS);
          else if (channel.pending.size > 0) this.#run(channel);
          else if (channel.joined.size === 0) this.#forget(channel);
        },
        () => {
          channel.running = false;
          this.#schedule(channel, PRESENCE_AGAIN_MS);
        },
      );
    });
  }

  /** Tells Redis everything that is pending. Resolves with how long the next grace lasts, or -1. */
  async #flush(channel: PresentChannel): Promise<number> {
    for (;;) {
      const incarnation = this.#incarnation;
      const batch = [...channel.pending].slice(0, MAX_BATCH);
      try {
        // Before the first join: whoever sweeps this incarnation has to know where.
        if (!channel.registered) {
          await this.#link.command(
            this.#keys.channelsOf(incarnation),
            "sadd",
            this.#keys.channelsOf(incarnation),
            channel.name,
          );
          if (incarnation === this.#incarnation) channel.registered = true;
        }
        // After the farewell nobody would take it back.
        if (this.#closed) throw new BrokerError("closed", "this broker was closed");
        const args: Arg[] = [incarnation];
        for (const [key, { id, what }] of batch) args.push(id, key, what);
        const nextGrace = Number(
          await this.#link.script(scripts.present, this.#keys.presence(channel.name, incarnation), args),
        );
        if (incarnation === this.#incarnation) this.#confirm(channel, batch);
        if (channel.pending.size === 0) return nextGrace;
      } catch (error) {
        const failure =
          error instanceof BrokerError
            ? error
            : new BrokerError("unavailable", String(error), { cause: error });
        // Whoever waits hears of it; the changes themselves stay pending.
        for (const [, { waiters }] of batch) for (const { reject } of waiters.splice(0)) reject(failure);
        throw failure;
      }
    }
  }

  #confirm(channel: PresentChannel, batch: readonly (readonly [string, Change])[]): void {
    for (const [key, change] of batch) {
      if (channel.pending.get(key) === change) channel.pending.delete(key);
      for (const { resolve } of change.waiters.splice(0)) resolve();
    }
  }

  #schedule(channel: PresentChannel, ms: number): void {
    if (this.#closed) return;
    this.#clock.clearTimeout(channel.timer);
    channel.timer = this.#clock.setTimeout(
      () => {
        channel.timer = undefined;
        this.#run(channel);
      },
      Math.min(ms, MAX_GRACE_WAIT_MS),
    );
  }

  /** Nobody of this node is there any more, nor in a grace. */
  #forget(channel: PresentChannel): void {
    if (this.#channels.get(channel.name) !== channel) return;
    this.#channels.delete(channel.name);
    this.#clock.clearTimeout(channel.timer);
    if (!channel.registered) return;
    const list = this.#keys.channelsOf(this.#incarnation);
    // A join that follows names it again, over the same connection. When this fails, a sweep finds nothing there.
    this.#link.command(list, "srem", list, channel.name).catch(() => undefined);
  }
}

/** Apart whatever the names are: `3:ann1` is the instance `1` of `ann`. The length is in bytes, for Lua. */
function instanceKey(id: string, instance: string): string {
  return `${Buffer.byteLength(id)}:${id}${instance}`;
}
