/**
 * The embedded broker: logs in this process's memory. Fast, and gone with the process.
 */
import { realClock, realRandom, type Clock, type Random } from "../../protocol/index.js";
import type { Broker } from "../contract.js";
import { DEFAULT_MAX_KEYS } from "../log/key-memory.js";
import { MemoryBroker } from "./memory-broker.js";
import { MemoryStore, type StoreSnapshot } from "./store.js";

/** How long an unused log that keeps entries of any age is remembered: 24 hours, in milliseconds. */
export const DEFAULT_IDLE_MS = 86_400_000;

/** What the broker in memory takes; everything may be left out. */
export interface MemoryOptions {
  /** Default: the real one. */
  readonly clock?: Clock;
  /** Names epochs and leases. Default: the platform's. */
  readonly random?: Random;
  /**
   * Milliseconds for which a log with entries, but without retention by age, is kept after its last use. Default:
   * {@link DEFAULT_IDLE_MS}. Other logs are kept for their dedupe window or their entries' age, whichever is
   * longer. Nothing that is followed is dropped.
   */
  readonly idle?: number;
  /** Text keys remembered per log within a dedupe window; appends beyond that fail. Default: 100,000. */
  readonly maxKeys?: number;
  /** Is given what a follower throws, which is a bug of the follower's. Default: throws it where nothing catches it. */
  readonly onError?: (error: unknown) => void;
}

/** What the other nodes see of a node. */
export interface MemoryNodeOptions {
  /** Default: `node-` and a number. */
  readonly id?: string;
  readonly version?: string;
}

/** A hub's logs and leases at one moment; opaque. */
export type MemorySnapshot = StoreSnapshot;

/** A store in memory that any number of nodes share: a cluster in one process. */
export interface MemoryHub {
  /** Another node's broker. */
  broker(options?: MemoryNodeOptions): Broker;
  /** What a replica that has seen everything would hold now. */
  snapshot(): MemorySnapshot;
  /**
   * Fails over to a replica: everything since the snapshot is lost, the hub is another incarnation, and every
   * follower is reset. Without a snapshot all logs are lost, as in a restart.
   */
  restore(snapshot?: MemorySnapshot): void;
  /** How many channels are remembered, for gauges and tests. */
  readonly channels: number;
}

const NOTHING: MemorySnapshot = { logs: new Map(), slots: new Map(), leases: new Map() };

/**
 * Makes a store for several nodes in one process, such as a simulated cluster.
 *
 * @example
 * const hub = createMemoryHub();
 * const a = hub.broker();
 * const b = hub.broker(); // sees what a appends
 */
export function createMemoryHub(options: MemoryOptions = {}): MemoryHub {
  const store = new MemoryStore({
    clock: options.clock ?? realClock,
    random: options.random ?? realRandom,
    idle: options.idle ?? DEFAULT_IDLE_MS,
    maxKeys: options.maxKeys ?? DEFAULT_MAX_KEYS,
    onError: options.onError ?? throwUncaught,
  });
  let nodes = 0;
  return {
    broker: (node) => new MemoryBroker(store, ++nodes, node),
    snapshot: () => store.snapshot(),
    restore: (snapshot = NOTHING) => store.restore(snapshot),
    get channels() {
      return store.channels;
    },
  };
}

/**
 * The embedded broker of a single node; what a server uses unless it is told otherwise.
 *
 * @example const broker = memoryBroker();
 */
export function memoryBroker(options: MemoryOptions = {}): Broker {
  return createMemoryHub(options).broker();
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
