import type { Clock, Member, Random } from "../../protocol/index.js";
import type { Appended, Draft, LogOptions, Page, ReadFrom, Signal } from "../contract.js";
import { firstVersionAt } from "../log/offset-range.js";
import type { Changed, ChangesDraft, SlotsFrom, SlotsOptions, SlotsPage } from "../slots-contract.js";
import { ChannelLog } from "./channel-log.js";
import { firstEpoch, randomEpoch } from "../log/epoch-names.js";
import { ForgottenLogs } from "../log/forgotten-logs.js";
import type { ReigningStore } from "../log/log-state.js";
import type { Moment } from "../log/moment.js";
import { isOfSlots } from "../log/of-slots.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import { FollowerList } from "./follower-list.js";
import { LeaseTable } from "./lease-table.js";
import { NodeDirectory } from "./node-directory.js";
import { ChannelPresence } from "./presence.js";
import { SlotsLog } from "./slots-log.js";

/** Everything a store is made from; `createMemoryHub` says what the numbers mean. */
export interface StoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly idle: number;
  readonly maxKeys: number;
  readonly onError: (error: unknown) => void;
}

/** The logs and leases of a store at one moment. */
export interface StoreSnapshot {
  readonly logs: ReadonlyMap<string, ChannelLog>;
  readonly slots: ReadonlyMap<string, SlotsLog>;
  readonly leases: ReturnType<LeaseTable["snapshot"]>;
}

interface StoredChannel {
  readonly followers: FollowerList;
  log: ChannelLog | undefined;
  /** The log, where it is kept by slots; then there is no other. */
  slots: SlotsLog | undefined;
  /** What the log was said to be called, once somebody has asked who follows it: it stays while it is followed. */
  firstEpoch: string | undefined;
  presence: ChannelPresence | undefined;
}

/** The sweep looks at this many channels at every 64th call: two a call, so it outruns any growth. */
const SWEPT_AT_ONCE = 128;

/** What all nodes of a hub share. Every method is one synchronous step. */
export class MemoryStore {
  readonly leases: LeaseTable;
  readonly nodes: NodeDirectory;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #idle: number;
  readonly #maxKeys: number;
  readonly #onError: (error: unknown) => void;
  readonly #channels = new Map<string, StoredChannel>();
  readonly #newEpochName = (): string => randomEpoch(this.#random);
  readonly #newToken = (): string => this.#random.id();
  #incarnation: string;
  #forgotten = new ForgottenLogs();
  #calls = 0;
  #sweep: Iterator<[string, StoredChannel]> | undefined;
  /** No presence that was dropped had a higher version. */
  #droppedVersion = 0;

  constructor({ clock, random, idle, maxKeys, onError }: StoreOptions) {
    this.leases = new LeaseTable(clock, random);
    this.nodes = new NodeDirectory(onError);
    this.#clock = clock;
    this.#random = random;
    this.#idle = idle;
    this.#maxKeys = maxKeys;
    this.#onError = onError;
    this.#incarnation = random.id();
  }

  /** How many channels there are, idle ones that were not swept yet included. */
  get channels(): number {
    return this.#channels.size;
  }

  /** Hot path: one look-up, the log's own append, and the hint. */
  append(name: string, drafts: readonly Draft[], options: LogOptions): Appended[] {
    const channel = this.#channel(name);
    const now = this.#now();
    const log = this.#log(name, channel, now);
    const { outcomes, entries } = log.append(drafts, options, now, this.#incarnation, this.#newEpochName);
    if (entries.length > 0) channel.followers.tellEntries(log.epoch, entries);
    return outcomes;
  }

  /** Asking about a log that is not there leaves nothing behind. */
  read(name: string, from: ReadFrom, options: LogOptions): Page {
    this.#sweepNowAndThen();
    const channel = this.#channels.get(name);
    if (channel?.log !== undefined) return channel.log.read(from, options, this.#now());
    return {
      entries: [],
      oldestPrev: 0,
      head: 0,
      epochs: [{ epoch: this.#firstEpoch(name, channel), base: 0 }],
    };
  }

  change(name: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Changed[] {
    // A log begins with its first draft: that is when nothing is due yet.
    if (drafts.length === 0) return [];
    const channel = this.#channel(name);
    const now = this.#now();
    const log = this.#slots(name, channel, now);
    const { outcomes, entries } = log.change(drafts, options, now, this.#current());
    if (entries.length > 0) channel.followers.tellChanges(log.epoch, entries);
    return outcomes;
  }

  readSlots(name: string, from: SlotsFrom, options: SlotsOptions): SlotsPage {
    this.#sweepNowAndThen();
    const channel = this.#channels.get(name);
    if (channel?.slots !== undefined) return channel.slots.read(from, options, this.#now(), this.#current());
    const epoch = this.#firstEpoch(name, channel);
    return { entries: [], floor: 0, head: 0, epochs: [{ epoch, base: 0 }] };
  }

  /** Only who takes a reign makes the log it is over. */
  reign(name: string, step: ReignStep, options: LogOptions | SlotsOptions): ReignAnswer {
    const now = this.#now();
    const takes = step.do === "take";
    const channel = takes ? this.#channel(name) : this.#channels.get(name);
    if (channel === undefined) return "none";
    if (isOfSlots(options)) {
      const log = takes ? this.#slots(name, channel, now) : channel.slots;
      return log?.reign(step, options, now, this.#current()) ?? "none";
    }
    const log = takes ? this.#log(name, channel, now) : channel.log;
    return log?.reign(step, options, now, this.#current()) ?? "none";
  }

  signal(name: string, signals: readonly Signal[]): void {
    this.#channels.get(name)?.followers.tellSignals(signals);
  }

  follow(name: string, follower: Parameters<FollowerList["add"]>[0]): () => void {
    const channel = this.#channel(name);
    const stop = channel.followers.add(follower);
    return () => {
      stop();
      if ((channel.log ?? channel.slots) === undefined && this.#channels.get(name) === channel)
        this.#dropIfIdle(name, channel);
    };
  }

  join(node: number, name: string, member: Member, instance: string): void {
    const channel = this.#channel(name);
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

  addNode(node: number, { id, version }: { readonly id: string; readonly version: string }): void {
    this.nodes.add(node, { id, version, load: {}, since: this.#clock.now() });
  }

  /** A node is gone: its members leave at once and its leases are free. */
  dropNode(node: number): void {
    this.nodes.silence(node);
    this.nodes.drop(node);
    for (const { presence } of this.#channels.values()) presence?.drop(node);
    this.leases.drop(node);
  }

  snapshot(): StoreSnapshot {
    const logs = new Map<string, ChannelLog>();
    const slots = new Map<string, SlotsLog>();
    for (const [name, channel] of this.#channels) {
      if (channel.log !== undefined) logs.set(name, channel.log.clone());
      if (channel.slots !== undefined) slots.set(name, channel.slots.clone());
    }
    return { logs, slots, leases: this.leases.snapshot() };
  }

  /**
   * Goes on from another moment, as another incarnation unless nothing is lost by that; every follower is reset. Who is present
   * stays.
   */
  restore(snapshot: StoreSnapshot, isLess = true): void {
    if (isLess) {
      this.#incarnation = this.#random.id();
      this.#forgotten = new ForgottenLogs();
      for (const channel of this.#channels.values()) channel.firstEpoch = undefined;
    }
    for (const channel of this.#channels.values()) channel.log = channel.slots = undefined;
    for (const [name, log] of snapshot.logs) this.#channel(name).log = log.clone();
    for (const [name, log] of snapshot.slots) this.#channel(name).slots = log.clone();
    this.leases.restore(snapshot.leases);
    for (const { followers } of this.#channels.values()) followers.tellReset();
  }

  /** Looks at some channels and drops what is idle. */
  sweep(count: number): void {
    const now = this.#now();
    for (let i = 0; i < count; i++) {
      this.#sweep ??= this.#channels.entries();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        return;
      }
      const [name, channel] = next.value;
      if (!this.#dropIfIdle(name, channel, now)) (channel.log ?? channel.slots)?.expire(now);
    }
  }

  #dropIfIdle(name: string, channel: StoredChannel, now = this.#now()): boolean {
    if (!this.#isIdle(channel, now)) return false;
    this.#droppedVersion = Math.max(this.#droppedVersion, channel.presence?.version ?? 0);
    this.#forget(name, channel);
    this.#channels.delete(name);
    return true;
  }

  #isIdle({ followers, presence, log, slots }: StoredChannel, now: Moment): boolean {
    if (followers.size > 0 || presence?.isIdle === false) return false;
    return log?.isIdle(now, this.#idle) !== false && slots?.isIdle(now) !== false;
  }

  /** The log goes, and with it what its first epoch was called. */
  #forget(name: string, channel: StoredChannel): void {
    const { log, slots } = channel;
    if ((log?.head ?? 0) > 0 || (slots?.head ?? 0) > 0) this.#forgotten.add(name);
    channel.log = channel.slots = channel.firstEpoch = undefined;
  }

  #sweepNowAndThen(): void {
    this.#calls += 1;
    if ((this.#calls & 63) === 0) this.sweep(SWEPT_AT_ONCE);
  }

  #channel(name: string): StoredChannel {
    this.#sweepNowAndThen();
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = {
        followers: new FollowerList(this.#onError),
        log: undefined,
        slots: undefined,
        firstEpoch: undefined,
        presence: undefined,
      };
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #log(name: string, channel: StoredChannel, now: Moment): ChannelLog {
    if (channel.log !== undefined) return channel.log;
    // The application has made another kind of it.
    if (channel.slots !== undefined) this.#forget(name, channel);
    const epoch = this.#firstEpoch(name, channel);
    return (channel.log = new ChannelLog(this.#incarnation, epoch, now, this.#maxKeys));
  }

  #slots(name: string, channel: StoredChannel, now: Moment): SlotsLog {
    if (channel.slots !== undefined) return channel.slots;
    if (channel.log !== undefined) this.#forget(name, channel);
    const epoch = this.#firstEpoch(name, channel);
    return (channel.slots = new SlotsLog(this.#incarnation, epoch, now, this.#maxKeys));
  }

  #current(): ReigningStore {
    return { name: this.#incarnation, newEpochName: this.#newEpochName, newToken: this.#newToken };
  }

  #firstEpoch(name: string, channel: StoredChannel | undefined): string {
    const epoch = channel?.firstEpoch ?? firstEpoch(this.#incarnation, this.#forgotten.count(name), name);
    if (channel !== undefined) channel.firstEpoch = epoch;
    return epoch;
  }

  #newPresence({ followers }: StoredChannel): ChannelPresence {
    return new ChannelPresence(this.#clock, this.#firstVersion(), (change) => followers.tellPresence(change));
  }

  #firstVersion(): number {
    return firstVersionAt(this.#clock.now(), this.#droppedVersion);
  }

  #now(): Moment {
    return { wall: this.#clock.now(), steady: this.#clock.monotonic() };
  }
}
