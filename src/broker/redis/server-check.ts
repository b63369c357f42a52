/** What must be true of a Redis before logs are kept in it, and what an acknowledgement by it means. */
import type { Redis } from "ioredis";
import type { Durability } from "../contract.js";
import { toBrokerError } from "./errors.js";
import type { Settings } from "./options.js";
import type { Topology } from "./topology.js";

/** Scripts, sharded topics and expiry times as they are used here are in Redis from 7.0 on, and in every Valkey. */
const LEAST_MAJOR = 7;

/** A Redis that cannot be used as it is set up. */
export class RedisSetupError extends Error {
  override readonly name = "RedisSetupError";
  readonly code: "version" | "eviction" | "format";

  constructor(code: RedisSetupError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Checks all primaries; resolves with what their acknowledgements survive: on a cluster, the least that any gives.
 *
 * @throws {RedisSetupError} when one is too old, or may evict
 */
export async function checkServers(topology: Topology, settings: Settings): Promise<Durability> {
  const each = await Promise.all(topology.primaries().map((redis) => checkServer(redis, settings)));
  if (settings.replicas > 0) return "replicated";
  return each.every((durability) => durability === "disk") ? "disk" : "memory";
}

async function checkServer(redis: Redis, { eviction, onWarning }: Settings): Promise<Durability> {
  let info: string;
  try {
    info = await redis.info("server", "memory");
  } catch (error) {
    throw toBrokerError(error);
  }
  const version = field(info, "valkey_version") ?? field(info, "redis_version") ?? "0";
  if (Number.parseInt(version, 10) < LEAST_MAJOR) {
    throw new RedisSetupError(
      "version",
      `Redis ${version} is too old: Tidemark needs 7.0 or later, or Valkey`,
    );
  }
  const policy = field(info, "maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    const message = `Redis may throw logs away: its maxmemory-policy is ${policy}. Set it to noeviction`;
    if (eviction === "refuse") throw new RedisSetupError("eviction", message);
    onWarning(message);
  }
  return persistence(redis);
}

/** `disk` only when every write is on it before its answer; `memory` where that cannot be known. */
async function persistence(redis: Redis): Promise<Durability> {
  try {
    const [appendonly, appendfsync] = await Promise.all([
      setting(redis, "appendonly"),
      setting(redis, "appendfsync"),
    ]);
    return appendonly === "yes" && appendfsync === "always" ? "disk" : "memory";
  } catch {
    // CONFIG is often forbidden by who runs the Redis.
    return "memory";
  }
}

async function setting(redis: Redis, name: string): Promise<string | undefined> {
  const reply: unknown = await redis.config("GET", name);
  return Array.isArray(reply) ? String(reply[1]) : undefined;
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}
