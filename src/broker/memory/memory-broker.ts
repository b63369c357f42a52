import type { Member } from "../../protocol/index.js";
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
import { takeReign, type ReignAnswer, type ReignStep } from "../log/reign.js";
import type { HeldBy, Reign, ReignRequest } from "../reign-contract.js";
import type { Changed, ChangesDraft, SlotsFrom, SlotsOptions, SlotsPage } from "../slots-contract.js";
import type { MemoryStore } from "./store.js";

/** One node's broker on a shared store. Methods are `async` so that what the store throws becomes a rejection. */
export class MemoryBroker implements Broker {
  readonly durability: Durability = "memory";
  readonly node: string;
  readonly #store: MemoryStore;
  readonly #node: number;
  readonly #stops = new Set<() => void>();
  #closed = false;

  /** `node` is this broker's number on the store, never used before; the name is for the other nodes. */
  constructor(store: MemoryStore, node: number, { id = `node-${node}`, version = "" } = {}) {
    this.#store = store;
    this.#node = node;
    this.node = id;
    store.addNode(node, { id, version });
  }

  async append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    return this.#open().append(channel, drafts, options);
  }

  async read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    return this.#open().read(channel, from, options);
  }

  async change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    return this.#open().change(channel, drafts, options);
  }

  async readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    return this.#open().readSlots(channel, from, options);
  }

  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy> {
    return takeReign(request, (step) => this.stepReign(channel, step, options));
  }

  /** One step of a reign, for who has a way of its own to carry it here. */
  async stepReign(
    channel: string,
    step: ReignStep,
    options: LogOptions | SlotsOptions,
  ): Promise<ReignAnswer> {
    return this.#open().reign(channel, step, options);
  }

  async signal(channel: string, signals: readonly Signal[]): Promise<void> {
    this.#open().signal(channel, signals);
  }

  async follow(channel: string, follower: Follower): Promise<() => void> {
    const remove = this.#open().follow(channel, follower);
    const stop = (): void => {
      this.#stops.delete(stop);
      remove();
    };
    this.#stops.add(stop);
    return stop;
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

  async lease(name: string, ttl: number): Promise<Lease | undefined> {
    return this.#open().leases.take(this.#node, name, ttl);
  }

  async nodes(): Promise<NodeInfo[]> {
    return this.#open().nodes.list();
  }

  report(load: NodeInfo["load"]): void {
    this.#store.nodes.report(this.#node, load);
  }

  async send(node: string, text: string): Promise<void> {
    this.#open().nodes.send(node, text);
  }

  listen(listener: (text: string) => void): () => void {
    return this.#store.nodes.listen(this.#node, listener);
  }

  /** As the contract has it; closing again does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#store.dropNode(this.#node);
  }

  #open(): MemoryStore {
    if (this.#closed) throw new BrokerError("closed", "this broker was closed");
    return this.#store;
  }
}
