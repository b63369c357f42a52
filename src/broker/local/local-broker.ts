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
import { FollowerList } from "../memory/follower-list.js";
import type { WriterLink, LinkEvents, NodeName } from "./link.js";
import type { LogReader } from "./log-reader.js";
import { KeyPacker } from "./packed-keys.js";
import { packDrafts, packSignals, unpackEntries, unpackSignals } from "./record.js";

export interface LocalBrokerOptions {
  readonly clock: Clock;
  readonly reader: LogReader;
  readonly name: NodeName;
  /** Makes the link to the writer, which tells of what happens. */
  readonly link: (events: LinkEvents, name: NodeName) => WriterLink;
  /** Is given what a follower throws. */
  readonly onError: (error: unknown) => void;
  /** Called last when the broker is closed. */
  readonly onClose: (() => Promise<void>) | undefined;
}

/** A channel that somebody on this node follows. */
interface Followed {
  readonly list: FollowerList;
  /** Whether the writer knows that this node follows it. What it tells before is not for these followers. */
  confirmed: boolean;
  /** Who waits for that. */
  waiting: { readonly begin: () => void; readonly fail: (error: BrokerError) => void }[];
}

/** A log in use is noted as such at least this often, in milliseconds. */
const TOUCH_MS = 600_000;

/** One node's broker: reads the disk itself, and has the writer do the rest. */
export class LocalBroker implements Broker {
  readonly node: string;
  readonly #clock: Clock;
  readonly #reader: LogReader;
  readonly #link: WriterLink;
  readonly #onError: (error: unknown) => void;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly #keys = new KeyPacker();
  readonly #followed = new Map<string, Followed>();
  /** Who joined here, by channel, member and instance as one text. */
  readonly #joined = new Map<string, { channel: string; member: Member; instance: string }>();
  readonly #stops = new Set<() => void>();
  #listeners: readonly ((text: string) => void)[] = [];
  #load: NodeInfo["load"] | undefined;
  #closed = false;

  constructor(options: LocalBrokerOptions) {
    this.node = options.name.id;
    this.#clock = options.clock;
    this.#reader = options.reader;
    this.#onError = options.onError;
    this.#onClose = options.onClose;
    const events: LinkEvents = {
      entries: (channel, epoch, records) => this.#heardEntries(channel, epoch, records),
      signals: (channel, signals) => this.#confirmed(channel)?.tellSignals(unpackSignals(signals)),
      // Presence is told at once, so not before a follow that this turn has confirmed has resolved.
      presence: (channel, change) => queueMicrotask(() => this.#confirmed(channel)?.tellPresence(change)),
      text: (text) => this.#heardText(text),
      reset: () => this.#reset(),
      restored: () => this.#restore(),
    };
    this.#link = options.link(events, options.name);
  }

  get durability(): Durability {
    return this.#link.durability;
  }

  async append(
    channel: string,
    drafts: readonly Draft[],
    options: LogOptions & { readonly fence?: string },
  ): Promise<Appended[]> {
    const link = this.#open();
    if (drafts.length === 0) return [];
    const within = timesOf(drafts, link.patience);
    return link.append(
      channel,
      { keys: this.#keys.pack(drafts), records: packDrafts(drafts), within },
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

  async signal(channel: string, signals: readonly Signal[]): Promise<void> {
    const link = this.#open();
    if (signals.length > 0) await link.signal(channel, packSignals(signals));
  }

  // Not async: it must have resolved before what the writer tells next.
  follow(channel: string, follower: Follower): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const link = this.#open();
      const followed = this.#followed.get(channel) ?? this.#follow(link, channel);
      const begin = (): void => resolve(this.#begin(channel, followed, follower));
      if (followed.confirmed) begin();
      else followed.waiting.push({ begin, fail: reject });
    });
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

  async seal(channel: string, token: string): Promise<void> {
    await this.#open().seal(channel, token);
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
    for (const { waiting } of this.#followed.values()) {
      for (const { fail } of waiting) fail(new BrokerError("closed", "this broker was closed"));
    }
    for (const stop of this.#stops) stop();
    this.#followed.clear();
    this.#listeners = [];
    await this.#link.close();
    await this.#onClose?.();
  }

  #open(): WriterLink {
    if (this.#closed) throw new BrokerError("closed", "this broker was closed");
    return this.#link;
  }

  #read(channel: string, from: ReadFrom, options: LogOptions, now: number): ReturnType<LogReader["read"]> {
    try {
      return this.#reader.read(channel, from, options, now);
    } catch (error) {
      throw new BrokerError("unavailable", "reading the log failed", { cause: error });
    }
  }

  #follow(link: WriterLink, channel: string): Followed {
    const followed: Followed = { list: new FollowerList(this.#onError), confirmed: false, waiting: [] };
    this.#followed.set(channel, followed);
    link.follow(channel, (error) => this.#answered(channel, followed, error));
    return followed;
  }

  #answered(channel: string, followed: Followed, error: BrokerError | undefined): void {
    if (this.#followed.get(channel) !== followed) return;
    const { waiting } = followed;
    followed.waiting = [];
    if (error === undefined) {
      followed.confirmed = true;
      for (const { begin } of waiting) begin();
      return;
    }
    // Those who followed before the link broke are told when it is back.
    if (followed.list.size === 0) this.#followed.delete(channel);
    for (const { fail } of waiting) fail(error);
  }

  #begin(channel: string, followed: Followed, follower: Follower): () => void {
    const remove = followed.list.add(follower);
    const stop = (): void => {
      remove();
      if (!this.#stops.delete(stop)) return;
      const unused = followed.list.size === 0 && followed.waiting.length === 0;
      if (!unused || this.#followed.get(channel) !== followed) return;
      this.#followed.delete(channel);
      if (!this.#closed) this.#link.unfollow(channel);
    };
    this.#stops.add(stop);
    return stop;
  }

  #confirmed(channel: string): FollowerList | undefined {
    const followed = this.#followed.get(channel);
    return followed?.confirmed === true ? followed.list : undefined;
  }

  /** Hot path: once per channel and transaction. */
  #heardEntries(channel: string, epoch: string, records: readonly Buffer[]): void {
    const list = this.#confirmed(channel);
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

  #reset(): void {
    for (const { list, confirmed } of this.#followed.values()) if (confirmed) list.tellReset();
  }

  /** Says everything again to a writer that knows nothing of this node, and then has the followers look. */
  #restore(): void {
    if (this.#load !== undefined) this.#link.report(this.#load);
    for (const { channel, member, instance } of this.#joined.values()) {
      this.#link.join(channel, member, instance).catch(() => {});
    }
    for (const [channel, followed] of this.#followed) {
      followed.confirmed = false;
      this.#link.follow(channel, (error) => {
        this.#answered(channel, followed, error);
        if (error === undefined && this.#followed.get(channel) === followed) followed.list.tellReset();
      });
    }
  }
}

function joinedAs(channel: string, id: string, instance: string): string {
  return JSON.stringify([channel, id, instance]);
}

/** How long each draft may still be appended; `undefined` where that is longer than an append may be on its way. */
function timesOf(drafts: readonly Draft[], patience: number): number[] | undefined {
  for (const { within } of drafts)
    if (within !== undefined && within <= patience) return drafts.map((draft) => draft.within ?? Infinity);
  return undefined;
}
