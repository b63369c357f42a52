import type { Member } from "../../protocol/index.js";
import {
  BrokerError,
  type Appended,
  type Durability,
  type Lease,
  type LogOptions,
  type NodeInfo,
} from "../contract.js";
import type { Batch } from "./disk-log.js";
import type { CallOptions, Link, LinkEvents, NodeName } from "./link.js";
import type { Writer } from "./writer.js";

/** A node as its writer has it. Methods are `async` so that what the writer throws becomes a rejection. */
export class WriterNode implements Link {
  readonly #writer: Writer;
  readonly #node: number;
  readonly #events: LinkEvents;
  readonly #leases = new Map<string, Lease>();
  #closed = false;

  constructor(writer: Writer, events: LinkEvents, name: NodeName) {
    this.#writer = writer;
    this.#node = writer.add(events, name);
    this.#events = events;
  }

  get durability(): Durability {
    return this.#writer.durability;
  }

  append(channel: string, batch: Batch, options: CallOptions): Promise<Appended[]> {
    return new Promise((resolve, reject) => this.#open().append(channel, batch, options, resolve, reject));
  }

  open(channel: string, options: LogOptions): Promise<void> {
    return new Promise((resolve, reject) => this.#open().open(channel, options, resolve, reject));
  }

  seal(channel: string, token: string): Promise<void> {
    return new Promise((resolve, reject) => this.#open().seal(channel, token, resolve, reject));
  }

  async signal(channel: string, signals: Buffer): Promise<void> {
    this.#open().signal(channel, signals);
  }

  follow(channel: string, done: (error?: BrokerError) => void): void {
    this.#open().follow(channel, this.#events);
    done();
  }

  unfollow(channel: string): void {
    this.#writer.unfollow(channel, this.#events);
  }

  async join(channel: string, member: Member, instance: string): Promise<void> {
    this.#open().join(this.#node, channel, member, instance);
  }

  async leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    this.#open().leave(this.#node, channel, id, instance, grace);
  }

  async members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#open().members(channel);
  }

  async lease(name: string, ttl: number): Promise<string | undefined> {
    const lease = this.#open().leases.take(this.#node, name, ttl);
    if (lease !== undefined) this.#leases.set(lease.token, lease);
    return lease?.token;
  }

  async renew(token: string): Promise<boolean> {
    const renewed = (await this.#leases.get(token)?.renew()) ?? false;
    if (!renewed) this.#leases.delete(token);
    return renewed;
  }

  async release(token: string): Promise<void> {
    await this.#leases.get(token)?.release();
    this.#leases.delete(token);
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
