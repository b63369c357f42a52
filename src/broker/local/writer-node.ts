import type { Member } from "../../protocol/index.js";
import { BrokerError, type Appended, type Durability, type LogOptions, type NodeInfo } from "../contract.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import type { Changed, SlotsOptions } from "../slots-contract.js";
import type { Batch } from "./disk-log.js";
import type { ChangesBatch } from "./slots/disk-slots.js";
import type { WriterLink, LinkEvents, NodeName } from "./link.js";
import type { Writer } from "./writer.js";

/** A node as its writer has it. Methods are `async` so that what the writer throws becomes a rejection. */
export class WriterNode implements WriterLink {
  readonly #writer: Writer;
  readonly #node: number;
  readonly #events: LinkEvents;
  #closed = false;

  constructor(writer: Writer, events: LinkEvents, name: NodeName) {
    this.#writer = writer;
    this.#node = writer.add(events, name);
    this.#events = events;
  }

  get durability(): Durability {
    return this.#writer.durability;
  }

  get incarnation(): string {
    return this.#writer.incarnation;
  }

  /** What it is told it does at once. */
  readonly patience = 0;

  append(channel: string, batch: Batch, options: LogOptions): Promise<Appended[]> {
    return new Promise((resolve, reject) => this.#open().append(channel, batch, options, resolve, reject));
  }

  change(channel: string, batch: ChangesBatch, options: SlotsOptions): Promise<Changed[]> {
    return new Promise((resolve, reject) => this.#open().change(channel, batch, options, resolve, reject));
  }

  open(channel: string, options: LogOptions | SlotsOptions): Promise<void> {
    return new Promise((resolve, reject) => this.#open().open(channel, options, resolve, reject));
  }

  reign(channel: string, step: ReignStep, options: LogOptions | SlotsOptions): Promise<ReignAnswer> {
    return new Promise((resolve, reject) => this.#open().reign(channel, step, options, resolve, reject));
  }

  doubt(channel: string, epoch: string, offset: number): void {
    if (!this.#closed) this.#writer.doubt(channel, epoch, offset);
  }

  async signal(channel: string, signals: Buffer): Promise<void> {
    this.#open().channels.signal(channel, signals);
  }

  follow(channel: string, done: (error?: BrokerError) => void): void {
    this.#open().channels.follow(channel, this.#events);
    done();
  }

  unfollow(channel: string): void {
    this.#writer.channels.unfollow(channel, this.#events);
  }

  async join(channel: string, member: Member, instance: string): Promise<void> {
    this.#open().channels.join(this.#node, channel, member, instance);
  }

  async leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    this.#open().channels.leave(this.#node, channel, id, instance, grace);
  }

  async members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#open().channels.members(channel);
  }

  async lease(name: string, ttl: number): Promise<string | undefined> {
    return this.#open().leases.take(this.#node, name, ttl)?.token;
  }

  async renew(name: string, token: string, ttl: number): Promise<boolean> {
    return this.#open().leases.renew(name, token, ttl);
  }

  async release(name: string, token: string): Promise<void> {
    this.#open().leases.release(name, token);
  }

  async nodes(): Promise<NodeInfo[]> {
    return this.#open().nodes.list();
  }

  report(load: NodeInfo["load"]): void {
    this.#writer.nodes.report(this.#node, load);
  }

  async send(node: string, text: string): Promise<void> {
    this.#open().nodes.send(node, text);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#writer.drop(this.#node, this.#events);
  }

  #open(): Writer {
    if (this.#closed) throw new BrokerError("closed", "this broker was closed");
    return this.#writer;
  }
}
