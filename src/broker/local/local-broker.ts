import type { Clock, Member } from "../../protocol/index.js";
import {
  BrokerError,
  type Appended,
  type Broker,
  type Draft,
  type Durability,
  type Follower,
  type Lease,
  type LogOptions,
  type NodeInfo,
  type Page,
  type ReadFrom,
  type Signal,
} from "../contract.js";
import type { KeyedDraft } from "../log/keys.js";
import { takeReign } from "../log/reign.js";
import type { HeldBy, Reign, ReignRequest } from "../reign-contract.js";
import type { Changed, ChangesDraft, SlotsFrom, SlotsOptions, SlotsPage } from "../slots-contract.js";
import type { ThreadEntry } from "../thread-contract.js";
import { FollowedChannels } from "./followed-channels.js";
import type { WriterLink, LinkEvents, NodeName } from "./link.js";
import type { LogReader } from "./log-reader.js";
import { KeyPacker } from "./packed-keys.js";
import { packDrafts, packSignals, unpackEntries, unpackSignals } from "./record.js";
import { unpackChangesEntries } from "./slots/changes-codec.js";
import { untouchedFor } from "./slots/slots-meta.js";
import type { ReadSlots, SlotsReader } from "./slots/slots-reader.js";

export interface LocalBrokerOptions {
  readonly clock: Clock;
  readonly reader: LogReader;
  readonly slotsReader: SlotsReader;
  readonly name: NodeName;
  /** Makes the link to the writer, which tells of what happens. */
  readonly link: (events: LinkEvents, name: NodeName) => WriterLink;
  /** Is given what a follower throws. */
  readonly onError: (error: unknown) => void;
  /** Called last when the broker is closed. */
  readonly onClose: (() => Promise<void>) | undefined;
  /** Where the writer is another process, how another thread of this one reaches it. */
  readonly otherThread: ThreadEntry | undefined;
}

/** A log in use is noted as such at least this often, in milliseconds. */
const TOUCH_MS = 600_000;

/** One node's broker: reads the disk itself, and has the writer do the rest. */
export class LocalBroker implements Broker {
  readonly node: string;
  readonly otherThread: ThreadEntry | undefined;
  readonly #clock: Clock;
  readonly #reader: LogReader;
  readonly #slotsReader: SlotsReader;
  readonly #link: WriterLink;
  readonly #onError: (error: unknown) => void;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly #keys = new KeyPacker();
  readonly #followed: FollowedChannels;
  /** Who joined here, by channel, member and instance as one text. */
  readonly #joined = new Map<string, { channel: string; member: Member; instance: string }>();
  #listeners: readonly ((text: string) => void)[] = [];
  #load: NodeInfo["load"] | undefined;
  #closed = false;

  constructor(options: LocalBrokerOptions) {
    this.node = options.name.id;
    this.otherThread = options.otherThread;
    this.#clock = options.clock;
    this.#reader = options.reader;
    this.#slotsReader = options.slotsReader;
    this.#followed = new FollowedChannels(options.onError);
    this.#onError = options.onError;
    this.#onClose = options.onClose;
    const events: LinkEvents = {
      entries: (channel, epoch, records) => this.#heardEntries(channel, epoch, records),
      changes: (channel, epoch, entries) =>
        this.#followed.of(channel)?.tellChanges(epoch, entries.flatMap(unpackChangesEntries)),
      signals: (channel, signals) => this.#followed.of(channel)?.tellSignals(unpackSignals(signals)),
      // Presence is told at once, so not before a follow that this turn has confirmed has resolved.
      presence: (channel, change) => queueMicrotask(() => this.#followed.of(channel)?.tellPresence(change)),
      text: (text) => this.#heardText(text),
      reset: () => this.#followed.reset(),
      restored: () => this.#restore(),
    };
    this.#link = options.link(events, options.name);
  }

  get durability(): Durability {
    return this.#link.durability;
  }

  async append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    const link = this.#open();
    if (drafts.length === 0) return [];
    const within = timesOf(drafts, link.patience);
    const reigns = options.fenced === true ? drafts.map(({ reign = "" }) => reign) : undefined;
    return link.append(
      channel,
      { keys: this.#keys.pack(drafts), records: packDrafts(drafts), within, reigns },
      options,
    );
  }

  async read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    const link = this.#open();
    const now = this.#clock.now();
    const { page, usedAt = now } = this.#read(channel, from, options, now);
    if (Math.abs(now - usedAt) > TOUCH_MS) link.open(channel, options).catch(() => {});
    return page;
  }

  async change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    const link = this.#open();
    if (drafts.length === 0) return [];
    const within = timesOf(drafts, link.patience);
    return link.change(channel, { keys: this.#keys.pack(drafts), drafts, within }, options);
  }

  async readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    const link = this.#open();
    const now = this.#clock.now();
    const found = this.#readSlots(channel, from, options, now);
    if (found !== undefined) {
      const { page, usedAt = now } = found;
      if (Math.abs(now - usedAt) > untouchedFor(options.keeping)) link.open(channel, options).catch(() => {});
      return page;
    }
    // The store may have lost data: the log goes on in a new epoch, which has to be on the disk before anybody is told of it.
    await link.open(channel, options);
    const { page } = this.#readSlots(channel, from, options, now) ?? {};
    if (page !== undefined) return page;
    throw new BrokerError("unavailable", `the new epoch of ${channel} is not on the disk yet; retry`);
  }

  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy> {
    return takeReign(request, (step) => this.#open().reign(channel, step, options));
  }

  async signal(channel: string, signals: readonly Signal[]): Promise<void> {
    const link = this.#open();
    if (signals.length > 0) await link.signal(channel, packSignals(signals));
  }

  // Not async: it must have resolved before what the writer tells next.
  follow(channel: string, follower: Follower): Promise<() => void> {
    if (this.#closed) return Promise.reject(closed());
    return this.#followed.follow(this.#link, channel, follower);
  }

  async join(channel: string, member: Member, instance: string): Promise<void> {
    const link = this.#open();
    this.#joined.set(joinedAs(channel, member.id, instance), { channel, member, instance });
    await link.join(channel, member, instance);
  }

  async leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    const link = this.#open();
    this.#joined.delete(joinedAs(channel, id, instance));
    await link.leave(channel, id, instance, grace);
  }

  async members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#open().members(channel);
  }

  async lease(name: string, ttl: number): Promise<Lease | undefined> {
    const link = this.#open();
    const token = await link.lease(name, ttl);
    if (token === undefined) return undefined;
    return {
      token,
      renew: async () => (this.#closed ? false : link.renew(name, token, ttl)),
      release: async () => (this.#closed ? undefined : link.release(name, token)),
    };
  }

  /** As the contract has it. A writer that is away need not hear of it: who asked asks again. */
  doubt(channel: string, epoch: string, offset: number): void {
    if (this.#closed) return;
    try {
      this.#link.doubt(channel, epoch, offset);
    } catch (error) {
      this.#onError(error);
    }
  }

  async nodes(): Promise<NodeInfo[]> {
    const nodes = await this.#open().nodes();
    // Its own load it knows better than the others do.
    return nodes.map((info) => (info.id === this.node && this.#load ? { ...info, load: this.#load } : info));
  }

  report(load: NodeInfo["load"]): void {
    this.#load = { ...load };
    if (!this.#closed) this.#link.report(this.#load);
  }

  async send(node: string, text: string): Promise<void> {
    await this.#open().send(node, text);
  }

  listen(listener: (text: string) => void): () => void {
    // One of its own, so that the same function may listen twice.
    const own = (text: string): void => listener(text);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  /** As the contract has it; closing again does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#followed.close(closed());
    this.#listeners = [];
    await this.#link.close();
    await this.#onClose?.();
  }

  #open(): WriterLink {
    if (this.#closed) throw closed();
    return this.#link;
  }

  #read(channel: string, from: ReadFrom, options: LogOptions, now: number): ReturnType<LogReader["read"]> {
    try {
      return this.#reader.read(channel, from, options, now);
    } catch (error) {
      throw new BrokerError("unavailable", "reading the log failed", { cause: error });
    }
  }

  #readSlots(channel: string, from: SlotsFrom, options: SlotsOptions, now: number): ReadSlots | undefined {
    try {
      return this.#slotsReader.read(channel, from, options, now, this.#link.incarnation);
    } catch (error) {
      throw new BrokerError("unavailable", "reading the log failed", { cause: error });
    }
  }

  /** Hot path: once per channel and transaction. */
  #heardEntries(channel: string, epoch: string, records: readonly Buffer[]): void {
    const list = this.#followed.of(channel);
    if (list !== undefined)
      list.tellEntries(
        epoch,
        records.flatMap((piece) => unpackEntries(piece)),
      );
  }

  #heardText(text: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(text);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** Says everything again to a writer that knows nothing of this node. */
  #restore(): void {
    if (this.#load !== undefined) this.#link.report(this.#load);
    for (const { channel, member, instance } of this.#joined.values()) {
      this.#link.join(channel, member, instance).catch(() => {});
    }
    this.#followed.restore(this.#link);
  }
}

function closed(): BrokerError {
  return new BrokerError("closed", "this broker was closed");
}

function joinedAs(channel: string, id: string, instance: string): string {
  return JSON.stringify([channel, id, instance]);
}

/** How long each draft may still be appended; `undefined` where that is longer than an append may be on its way. */
function timesOf(drafts: readonly KeyedDraft[], patience: number): number[] | undefined {
  for (const { within } of drafts)
    if (within !== undefined && within <= patience) return drafts.map((draft) => draft.within ?? Infinity);
  return undefined;
}
