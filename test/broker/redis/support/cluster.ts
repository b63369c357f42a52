import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RedisBrokerOptions } from "../../../../src/broker/redis/index.js";
import { RedisServer, freePorts } from "../../../../bench/lib/redis-server.js";
import { until } from "../../../../bench/lib/wait.js";

const run = promisify(execFile);

/** A Cluster of three primaries without replicas. */
export class RedisCluster {
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const ports = await freePorts(6);
    const servers = ports.slice(0, 3).map(
      (port, i) =>
        new RedisServer(port, {
          "cluster-enabled": "yes",
          "cluster-port": ports[i + 3] ?? 0,
          "cluster-node-timeout": 10_000,
        }),
    );
    await Promise.all(servers.map((server) => server.start()));
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
    await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "0", "--cluster-yes"]);
    const cluster = new RedisCluster(servers);
    await until("the cluster to be whole", async () => {
      const states = await Promise.all(servers.map(({ admin }) => admin.cluster("INFO")));
      return states.every((state) => String(state).includes("cluster_state:ok"));
    });
    return cluster;
  }

  get options(): RedisBrokerOptions {
    return { cluster: { nodes: this.servers.map(({ port }) => ({ host: "127.0.0.1", port })) } };
  }

  /** Gives a slot, and all that is in it, to another server. */
  async move(slot: number, to: RedisServer): Promise<void> {
    const from = await this.ownerOf(slot);
    const [fromId, toId] = await Promise.all([from, to].map(({ admin }) => admin.cluster("MYID")));
    await to.admin.cluster("SETSLOT", slot, "IMPORTING", String(fromId));
    await from.admin.cluster("SETSLOT", slot, "MIGRATING", String(toId));
    for (;;) {
      const keys = await from.admin.cluster("GETKEYSINSLOT", slot, 100);
      if (keys.length === 0) break;
      await from.admin.call("migrate", "127.0.0.1", to.port, "", 0, 5000, "KEYS", ...keys);
    }
    for (const { admin } of [to, from, ...this.servers])
      await admin.cluster("SETSLOT", slot, "NODE", String(toId));
  }

  async ownerOf(slot: number): Promise<RedisServer> {
    const [first] = this.servers;
    const ranges = (await first?.admin.cluster("SLOTS")) ?? [];
    const port = ranges.find(([start, end]) => start <= slot && slot <= end)?.[2]?.[1];
    const owner = this.servers.find((server) => server.port === port);
    if (owner === undefined) throw new Error(`nobody has slot ${slot}`);
    return owner;
  }

  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.remove()));
  }
}
