/** What a node says to the writer and hears of it, whether they share a process or a socket. */
import type { Member } from "../../protocol/index.js";
import type { Appended, BrokerError, Durability, LogOptions, NodeInfo, PresenceChange } from "../contract.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import type { Changed, SlotsOptions } from "../slots-contract.js";
import type { Batch } from "./disk-log.js";
import type { ChangesBatch } from "./slots/disk-slots.js";

/** What a node is told, of the channels it follows only. */
export interface LinkEvents {
  /** Entries are in the log and on the disk: records, one after the other, in pieces. */
  entries(channel: string, epoch: string, records: readonly Buffer[]): void;
  /** Changes are in a log that is kept by slots, and on the disk: packed entries, in pieces. */
  changes(channel: string, epoch: string, entries: readonly Buffer[]): void;
  /** Packed signals. */
  signals(channel: string, signals: Buffer): void;
  presence(channel: string, change: PresenceChange): void;
  /** Somebody sent this node a text. */
  text(text: string): void;
  /** Hints may have been lost. */
  reset(): void;
  /** There is a writer again, and it knows nothing of this node. Calls made from here come before all others. */
  restored(): void;
}

/** Who a node is, to the others. */
export interface NodeName {
  readonly id: string;
  readonly version: string;
}

/** One node's end of the link. Methods reject with a `BrokerError`. */
export interface WriterLink {
  readonly durability: Durability;
  /** The store's newest, as far as this end of the link knows: where it may have lost data, it is another one. */
  readonly incarnation: string;
  /** How long an append may be on its way, in milliseconds; later it is not made any more. */
  readonly patience: number;
  /** Takes the batch over. */
  append(channel: string, batch: Batch, options: LogOptions): Promise<Appended[]>;
  /** Takes the batch over. */
  change(channel: string, batch: ChangesBatch, options: SlotsOptions): Promise<Changed[]>;
  /** Notes that the log, if there is one, is in use. One that is kept by slots opens a new epoch where the store may have lost data. */
  open(channel: string, options: LogOptions | SlotsOptions): Promise<void>;
  /** Carries out a step of who wants to write a log alone; not later than within {@link WriterLink.patience}. */
  reign(channel: string, step: ReignStep, options: LogOptions | SlotsOptions): Promise<ReignAnswer>;
  signal(channel: string, signals: Buffer): Promise<void>;
  /** Calls `done` once everything from then on is told, before any of it is. */
  follow(channel: string, done: (error?: BrokerError) => void): void;
  unfollow(channel: string): void;
  join(channel: string, member: Member, instance: string): Promise<void>;
  leave(channel: string, id: string, instance: string, grace: number): Promise<void>;
  members(channel: string): Promise<{ members: Member[]; version: number }>;
  /** The token, or `undefined` when somebody holds the lease. */
  lease(name: string, ttl: number): Promise<string | undefined>;
  renew(name: string, token: string, ttl: number): Promise<boolean>;
  release(name: string, token: string): Promise<void>;
  /** As `Broker.doubt`. */
  doubt(channel: string, epoch: string, offset: number): void;
  nodes(): Promise<NodeInfo[]>;
  report(load: NodeInfo["load"]): void;
  send(node: string, text: string): Promise<void>;
  close(): Promise<void>;
}
