/** A node's way to the broker in memory. It takes time, and can be cut, one-sided, late, and lose answers. */
import {
  BrokerError,
  type Appended,
  type Broker,
  type Changed,
  type ChangesDraft,
  type Draft,
  type Durability,
  type Follower,
  type HeldBy,
  type Lease,
  type LogOptions,
  type NodeInfo,
  type Page,
  type ReadFrom,
  type Reign,
  type ReignRequest,
  type Signal,
  type SlotsFrom,
  type SlotsOptions,
  type SlotsPage,
} from "../../../../src/broker/index.js";
import { takeReign } from "../../../../src/broker/log/reign.js";
import type { MemoryBroker } from "../../../../src/broker/memory/memory-broker.js";
import type { Member } from "../../../../src/protocol/index.js";
import type { SimProcess } from "../../../../src/testing/sim/process.js";
import type { VirtualClock } from "../../../../src/testing/virtual-clock.js";

/** No call waits longer, in milliseconds, and none that is later is carried out. */
export const DEADLINE_MS = 3000;

/** What is asked of a broker, as far as it can be held up. */
export type Command =
  | "change"
  | "take"
  | "renew"
  | "release"
  | "read"
  | "signal"
  | "send"
  | "follow"
  | "nodes";

export class Way implements Broker {
  readonly durability: Durability = "memory";
  /** Milliseconds from one end to the other. */
  latency = 1;
  /** Nothing gets through. */
  isCut = false;
  /** It is told nothing by itself: no signal, no hint, no text. */
  isDeaf = false;
  /** What it says reaches nobody. */
  isMute = false;
  /** How much later a command arrives than it should, in milliseconds. */
  late: (command: Command) => number = () => 0;
  /** Whether an answer gets lost, and its caller waits in vain. */
  losesAnswer: (command: Command) => boolean = () => false;
  readonly #store: MemoryBroker;
  readonly #process: SimProcess;
  readonly #clock: VirtualClock;
  readonly #followers = new Set<Follower>();
  #isClosed = false;

  constructor(store: MemoryBroker, process: SimProcess, clock: VirtualClock) {
    this.#store = store;
    this.#process = process;
    this.#clock = clock;
  }

  get node(): string {
    return this.#store.node;
  }

  append(channel: string, drafts: readonly Draft[], options: LogOptions): Promise<Appended[]> {
    return this.#call("change", () => this.#store.append(channel, drafts, options));
  }

  read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    return this.#call("read", () => this.#store.read(channel, from, options));
  }

  change(channel: string, drafts: readonly ChangesDraft[], options: SlotsOptions): Promise<Changed[]> {
    return this.#call("change", () => this.#store.change(channel, drafts, options));
  }

  readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    return this.#call("read", () => this.#store.readSlots(channel, from, options));
  }

  reign(channel: string, request: ReignRequest, options: LogOptions | SlotsOptions): Promise<Reign | HeldBy> {
    return takeReign(request, (step) =>
      this.#call(step.do, () => this.#store.stepReign(channel, step, options)),
    );
  }

  signal(channel: string, signals: readonly Signal[]): Promise<void> {
    return this.#call("signal", async () => {
      if (!this.isMute) await this.#store.signal(channel, signals);
    });
  }

  async follow(channel: string, follower: Follower): Promise<() => void> {
    const tell = (run: () => void): void => {
      this.#clock.setTimeout(() => {
        if (this.isDeaf || this.isCut || !this.#followers.has(follower)) return;
        this.#process.run(() => this.#followers.has(follower) && run());
      }, this.latency);
    };
    const stop = await this.#call("follow", () =>
      this.#store.follow(channel, {
        onEntries: (hint) => tell(() => follower.onEntries(hint)),
        onChanges: (hint) => tell(() => follower.onChanges?.(hint)),
        onSignals: (signals) => tell(() => follower.onSignals(signals)),
        onPresence: (change) => tell(() => follower.onPresence(change)),
        onReset: () => tell(() => follower.onReset()),
      }),
    );
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      stop();
    };
  }

  join(channel: string, member: Member, instance: string): Promise<void> {
    return this.#store.join(channel, member, instance);
  }

  leave(channel: string, id: string, instance: string, grace: number): Promise<void> {
    return this.#store.leave(channel, id, instance, grace);
  }

  members(channel: string): Promise<{ members: Member[]; version: number }> {
    return this.#store.members(channel);
  }

  lease(name: string, ttl: number): Promise<Lease | undefined> {
    return this.#store.lease(name, ttl);
  }

  nodes(): Promise<NodeInfo[]> {
    return this.#call("nodes", () => this.#store.nodes());
  }

  report(load: NodeInfo["load"]): void {
    if (!this.isCut) this.#store.report(load);
  }

  send(node: string, text: string): Promise<void> {
    return this.#call("send", async () => {
      if (!this.isMute) await this.#store.send(node, text);
    });
  }

  listen(listener: (text: string) => void): () => void {
    return this.#store.listen((text) => {
      this.#clock.setTimeout(() => {
        if (!this.isDeaf && !this.isCut && !this.#isClosed) this.#process.run(() => listener(text));
      }, this.latency);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followers.clear();
    await this.#store.close();
  }

  #call<T>(command: Command, run: () => Promise<T>): Promise<T> {
    const { clock } = this.#process;
    const late = this.late(command);
    const sent = this.#clock.monotonic();
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new BrokerError("closed", "this broker was closed"));
        return;
      }
      const deadline = clock.setTimeout(() => {
        reject(new BrokerError("unavailable", `no answer to ${command}`));
      }, DEADLINE_MS);
      const answer = (settle: () => void): void => {
        this.#clock.setTimeout(() => {
          if (this.isCut || this.losesAnswer(command)) return;
          this.#process.run(() => {
            clock.clearTimeout(deadline);
            settle();
          });
        }, this.latency);
      };
      this.#clock.setTimeout(() => {
        if (this.isCut || this.#clock.monotonic() - sent > DEADLINE_MS) return;
        run().then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      }, this.latency + late);
    });
  }
}
