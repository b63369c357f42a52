import { Cluster, type Redis } from "ioredis";
import { backoff, connectionOptions, isWritable } from "./connection.js";
import type { Settings } from "./options.js";
import { slotOf } from "./slot.js";
import type { Topology } from "./topology.js";
import { SLOTS_AGAIN_MS } from "./retry-times.js";

/** A Cluster: commands over ioredis' own client of it, topics over connections to each primary. */
export class Clustered implements Topology {
  readonly mixesTopics = false;
  readonly endsOldTopics = true;
  readonly #settings: Settings;
  readonly #cluster: Cluster;
  readonly #nodes = new Map<string, Redis>();
  readonly #known = new WeakSet<Redis>();
  readonly #ready = new Set<() => void>();
  #lastError: Error | undefined;
  #refreshedAt = -Infinity;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { cluster, random } = settings;
    const {
      retryStrategy: _retry,
      enableOfflineQueue: _queue,
      ...redisOptions
    } = connectionOptions(settings);
    const nodes = (cluster?.nodes ?? []).map((node) =>
      typeof node === "string" ? node : { host: node.host, port: node.port },
    );
    this.#cluster = new Cluster(nodes, {
      slotsRefreshTimeout: settings.timeout,
      ...cluster?.options,
      keyPrefix: "",
      lazyConnect: true,
      scaleReads: "master",
      shardedSubscribers: false,
      enableAutoPipelining: false,
      // A command is handed over only when its server is connected, so this queue bridges redirections and no more.
      enableOfflineQueue: true,
      // What was sent to a server that went away is never sent again by the client.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      clusterRetryStrategy: (attempts) => backoff(attempts, () => random.float()),
      redisOptions: { ...cluster?.options?.redisOptions, ...redisOptions },
    });
    this.#cluster.on("error", (error: Error) => (this.#lastError = error));
    this.#cluster.on("node error", (error: Error) => (this.#lastError = error));
    this.#cluster.on("ready", () => this.#tellReady());
    for (const event of ["+node", "-node", "refresh"]) this.#cluster.on(event, () => this.#learnNodes());
  }

  get lastError(): Error | undefined {
    return this.#lastError;
  }

  connect(): void {
    this.#cluster.connect().catch((error: Error) => (this.#lastError ??= error));
  }

  ready(key: string): Cluster | undefined {
    return this.connectionFor(key) === undefined ? undefined : this.#cluster;
  }

  groupOf(key: string): number {
    return slotOf(key);
  }

  connectionFor(key: string): Redis | undefined {
    if (this.#cluster.status !== "ready") return undefined;
    const home = this.homeOf(key);
    const node = home === undefined ? undefined : this.#nodes.get(home);
    if (node === undefined) {
      this.refresh();
      return undefined;
    }
    if (node.status === "wait") node.connect().catch((error: Error) => (this.#lastError = error));
    return isWritable(node) ? node : undefined;
  }

  primaries(): Redis[] {
    return this.#cluster.nodes("master");
  }

  homeOf(topic: string): string | undefined {
    return this.#cluster.slots[slotOf(topic)]?.[0];
  }

  subscriber(home: string): Redis | undefined {
    return this.#nodes.get(home)?.duplicate({ ...connectionOptions(this.#settings), readOnly: false });
  }

  onReady(listener: () => void): void {
    this.#ready.add(listener);
  }

  onMoved(listener: () => void): void {
    this.#cluster.on("refresh", listener);
  }

  refresh(): void {
    const now = this.#settings.clock.monotonic();
    if (this.#cluster.status !== "ready" || now - this.#refreshedAt < SLOTS_AGAIN_MS) return;
    this.#refreshedAt = now;
    this.#cluster.refreshSlotsCache(() => {
      // "refresh" is told when it worked; when it did not, whoever waits asks again.
    });
  }

  close(): void {
    this.#cluster.disconnect();
  }

  #learnNodes(): void {
    this.#nodes.clear();
    for (const node of this.#cluster.nodes("all")) {
      this.#nodes.set(`${node.options.host}:${node.options.port}`, node);
      if (this.#known.has(node)) continue;
      this.#known.add(node);
      node.on("ready", () => this.#tellReady());
    }
  }

  #tellReady(): void {
    for (const listener of this.#ready) listener();
  }
}
