/**
 * Logs in Redis: nodes on any number of machines share them. Redis 7 or later, or Valkey; standalone, Sentinel or
 * Cluster.
 */
import type { Broker } from "../contract.js";
import { connected, topologyOf } from "./connected.js";
import { readOptions, type RedisBrokerOptions } from "./options.js";
import { RedisBroker } from "./redis-broker.js";
import { checkServers } from "./server-check.js";

export { DEFAULT_LEASE_MS, DEFAULT_TIMEOUT_MS, type Address, type RedisBrokerOptions } from "./options.js";
export { RedisSetupError } from "./server-check.js";

/**
 * Connects to Redis and checks that it is fit to keep logs; resolves when this is a node among the others.
 *
 * @throws {TypeError} when options contradict each other
 * @throws {RedisSetupError} when Redis is too old, may evict keys, or holds what a newer version has written
 * @throws {BrokerError} `unavailable` when there is no Redis within the timeout
 * @example
 * const broker = await redisBroker({ url: "redis://localhost:6379" });
 * const app = tidemark({ broker }).channels({ "chat/:id": stream({ retain: { count: 1000 } }) });
 */
export async function redisBroker(options: RedisBrokerOptions = {}): Promise<Broker> {
  const settings = readOptions(options);
  const topology = topologyOf(settings);
  let broker: RedisBroker | undefined;
  try {
    await connected(topology, settings);
    broker = new RedisBroker(topology, await checkServers(topology, settings), settings);
    await broker.start();
    return broker;
  } catch (error) {
    await broker?.close();
    topology.close();
    throw error;
  }
}
