/** What `redisBroker({ … })` takes, with the defaults beside it. */
import type { ClusterOptions, RedisOptions } from "ioredis";
import { realClock, realRandom, type Clock, type Random } from "../../protocol/index.js";

/** A host and port, or a URL such as `redis://host:6379`. */
export type Address = string | { readonly host: string; readonly port: number };

/** Where Redis is, and how it is used; everything may be left out. */
export interface RedisBrokerOptions {
  /** One Redis: `redis://user:password@host:6379/0`, or `rediss://…` for TLS. Default: `redis://localhost:6379`. */
  readonly url?: string;
  /** Further options of ioredis' own, such as `tls` or `password`; for Sentinel and Cluster they apply to each server. */
  readonly client?: RedisOptions;
  /** A primary watched by Sentinels: its name there, and some of the Sentinels. */
  readonly sentinel?: {
    readonly name: string;
    readonly nodes: readonly { readonly host: string; readonly port: number }[];
    readonly password?: string;
  };
  /** A Cluster: some of its nodes. */
  readonly cluster?: { readonly nodes: readonly Address[]; readonly options?: ClusterOptions };
  /** In front of every key and topic. Apps that share a Redis but nothing else have different ones. Default: `tidemark`. */
  readonly prefix?: string;
  /** This node's name among the nodes. Default: a fresh one. */
  readonly nodeId?: string;
  /** What `nodes()` says of this node's program. Default: empty. */
  readonly version?: string;
  /** No call waits longer than this, in milliseconds. Default: {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeout?: number;
  /** How long a node that is silent is taken for alive, in milliseconds. Default: {@link DEFAULT_LEASE_MS}. */
  readonly lease?: number;
  /** Acknowledge an append only when this many replicas hold it, too. Default: 0. */
  readonly replicas?: number;
  /** What to do when Redis may evict keys, which loses logs at any time. Default: `refuse` to start. */
  readonly eviction?: "refuse" | "warn";
  /**
   * Milliseconds after its last use for which a log is kept that has entries, but no retention by age; 24 hours at
   * least. Default: for ever.
   */
  readonly idle?: number;
  /** Text keys remembered per log within a dedupe window; appends beyond that fail. Default: 100,000. */
  readonly maxKeys?: number;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** Default: the platform's. */
  readonly random?: Random;
  /** Is given what a follower or listener throws, which is a bug of theirs. Default: throws it where nothing catches it. */
  readonly onError?: (error: unknown) => void;
  /** Is told what an operator should know: eviction, weaker persistence after a failover. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

/** 5 seconds. */
export const DEFAULT_TIMEOUT_MS = 5000;
/** 5 seconds. */
export const DEFAULT_LEASE_MS = 5000;

/** Options with defaults filled in. */
export type Settings = RedisBrokerOptions &
  Required<
    Pick<
      RedisBrokerOptions,
      | "prefix"
      | "nodeId"
      | "version"
      | "timeout"
      | "lease"
      | "replicas"
      | "eviction"
      | "maxKeys"
      | "clock"
      | "random"
      | "onError"
      | "onWarning"
    >
  >;

/** @throws {TypeError} when options contradict each other */
export function readOptions(options: RedisBrokerOptions): Settings {
  const ways = [options.url, options.sentinel, options.cluster].filter((way) => way !== undefined);
  if (ways.length > 1) throw new TypeError("redisBroker takes one of url, sentinel and cluster");
  const random = options.random ?? realRandom;
  return {
    ...options,
    prefix: options.prefix ?? "tidemark",
    nodeId: options.nodeId ?? random.id(),
    version: options.version ?? "",
    timeout: positive("timeout", options.timeout ?? DEFAULT_TIMEOUT_MS),
    lease: positive("lease", options.lease ?? DEFAULT_LEASE_MS),
    replicas: options.replicas ?? 0,
    eviction: options.eviction ?? "refuse",
    maxKeys: options.maxKeys ?? 100_000,
    clock: options.clock ?? realClock,
    random,
    onError: options.onError ?? throwUncaught,
    onWarning: options.onWarning ?? ((message) => process.emitWarning(message)),
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new TypeError(`${name} must be a number of milliseconds greater than 0, not ${value}`);
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
