/** Where the broker is: its store, its clock, its failures. The nodes' ways to it are `SimBroker`s. */
import type { Random } from "../../protocol/index.js";
import type { StoreSnapshot } from "../../broker/memory/store.js";
import type { NodeInfo } from "../../broker/index.js";
import { MemoryBroker } from "../../broker/memory/memory-broker.js";
import type { VirtualClock } from "../virtual-clock.js";
import { between, pick } from "./fork.js";
import type { RecordingStore } from "./store.js";

const SLOWEST_MS = [3, 15, 60];
const NOTHING: StoreSnapshot = { logs: new Map(), slots: new Map(), leases: new Map() };

export class BrokerSite {
  /** The time that passes. */
  readonly clock: VirtualClock;
  /** What the broker's machine makes of it. */
  readonly brokerClock: VirtualClock;
  /** Changes with every failover and restart. */
  incarnation = 0;
  readonly #store: RecordingStore;
  readonly #random: Random;
  /** Next door, or far away: what overtakes what is a matter of distance. */
  readonly #slowest: number;
  /** Nodes that have died without a word, and those whose lease is over although they may be there. */
  readonly #dead = new Map<string, NodeInfo>();
  readonly #lapsed = new Set<string>();
  #outside: MemoryBroker | undefined;
  #nodes = 0;
  #outages = 0;
  #upSince = -Infinity;

  constructor(clock: VirtualClock, brokerClock: VirtualClock, store: RecordingStore, random: Random) {
    this.clock = clock;
    this.brokerClock = brokerClock;
    this.#store = store;
    this.#random = random;
    this.#slowest = pick(random, SLOWEST_MS);
  }

  get down(): boolean {
    return this.#outages > 0;
  }

  connect(id?: string): MemoryBroker {
    return new MemoryBroker(this.#store, ++this.#nodes, id === undefined ? {} : { id });
  }

  /** A way to the store that is no node's: nobody is told of it. */
  connectUnlisted(): MemoryBroker {
    const number = ++this.#nodes;
    const unlisted = new MemoryBroker(this.#store, number);
    this.#store.nodes.drop(number);
    return unlisted;
  }

  /** For what is done to the store from outside, at once. */
  get outside(): MemoryBroker {
    return (this.#outside ??= this.connectUnlisted());
  }

  /** The nodes that are there, as the broker knows it: by their leases. */
  listed(): NodeInfo[] {
    return [...this.#store.nodes.list(), ...this.#dead.values()].filter(({ id }) => !this.#lapsed.has(id));
  }

  /** A node has died without a word; it stays for its lease. */
  died(node: string): void {
    const info = this.#store.nodes.list().find(({ id }) => id === node);
    if (info !== undefined) this.#dead.set(node, info);
  }

  /** A node's lease is over, or runs again. */
  leased(node: string, runs: boolean): void {
    if (runs) this.#lapsed.delete(node);
    else this.#lapsed.add(node);
  }

  latency(): number {
    return between(this.#random, 1, this.#slowest);
  }

  chance(): number {
    return this.#random.float();
  }

  wasDownWithin(ms: number): boolean {
    return this.down || this.clock.monotonic() - this.#upSince < ms;
  }

  /** Nothing answers until the returned function is called. */
  outage(): () => void {
    this.#outages += 1;
    return () => {
      this.#outages -= 1;
      this.#upSince = this.clock.monotonic();
    };
  }

  /** What a replica has at this moment. The returned function fails over to it, unless something else has taken over. */
  replicate(): () => void {
    const { incarnation } = this;
    const replica = this.#store.snapshot();
    return () => {
      if (incarnation === this.incarnation) this.failOver(replica);
    };
  }

  /** Nothing is appended until the returned function is called; what is there is read. */
  fillDisk(): () => void {
    this.#store.full += 1;
    return () => {
      this.#store.full -= 1;
    };
  }

  /**
   * The folder as it is at this moment. The returned function puts it back while the writer is stopped, unless something else
   * has taken over. The writer's witness says how far the log was, so it sees whether anything is gone.
   */
  backUp(): () => void {
    const { incarnation } = this;
    const folder = this.#store.snapshot();
    const { appends } = this.#store;
    return () => {
      if (incarnation === this.incarnation) this.failOver(folder, this.#store.appends > appends);
    };
  }

  /** Goes on from a replica or from nothing, as another incarnation where something is gone. Every follower is reset. */
  failOver(replica: StoreSnapshot = NOTHING, isLess = true): void {
    this.incarnation += 1;
    this.#upSince = this.clock.monotonic();
    this.#store.failed();
    this.#store.restore(replica, isLess);
  }
}
