/** `--broker URL`: which Redis it means, and the broker on it. */
import { BrokerError, type Broker } from "../broker/index.js";
import type { RedisBrokerOptions } from "../broker/redis/index.js";
import { UsageError } from "./usage.js";

const FORMS =
  "redis://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT; rediss for TLS";
const FORM =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?@]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/;
const DEFAULT_PORTS = { sentinel: 26_379, cluster: 6379 };

/**
 * What a URL such as `redis://:secret@db:6379/0?prefix=app&replicas=1` says.
 *
 * @throws {UsageError} when it is none; the message does not repeat it, since there may be a password in it
 */
export function readBrokerUrl(text: string): RedisBrokerOptions {
  const found = FORM.exec(text)?.groups;
  if (found === undefined) throw new UsageError(`--broker takes ${FORMS}`);
  const { tls, kind, user, password, hosts = "", path = "", query = "" } = found;
  const common = settingsOf(query);
  if (kind === undefined) {
    const url = text.split("?")[0] ?? "";
    if (hosts.includes(",") || !URL.canParse(url) || !/^\d*$/.test(path))
      throw new UsageError(`--broker takes ${FORMS}`);
    return { url, ...common };
  }
  const fallback = kind === "sentinel" ? DEFAULT_PORTS.sentinel : DEFAULT_PORTS.cluster;
  const nodes = hosts.split(",").map((host) => addressOf(host, fallback));
  const client = {
    ...(user !== undefined && user !== "" && { username: decodeURIComponent(user) }),
    ...(password !== undefined && { password: decodeURIComponent(password) }),
    ...(tls === "s" && { tls: {} }),
  };
  const shared = { ...(Object.keys(client).length > 0 && { client }), ...common };
  if (kind === "cluster") return { cluster: { nodes }, ...shared };
  if (path === "") throw new UsageError("a Sentinel URL ends with the primary's name: …:26379/mymaster");
  return { sentinel: { name: decodeURIComponent(path), nodes }, ...shared };
}

/**
 * Connects to it.
 *
 * @throws {UsageError} when that Redis cannot be reached or used
 */
export async function openRedis(url: string): Promise<Broker> {
  const options = readBrokerUrl(url);
  const { redisBroker, RedisSetupError } = await withIoredis(() => import("../broker/redis/index.js"));
  try {
    return await redisBroker(options);
  } catch (error) {
    if (error instanceof BrokerError || error instanceof RedisSetupError || error instanceof TypeError)
      throw new UsageError(`--broker: ${error.message}`);
    throw error;
  }
}

async function withIoredis<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("--broker needs the package ioredis; install it: npm install ioredis");
  }
}

function addressOf(text: string, fallback: number): { host: string; port: number } {
  const [, name = "", port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text) ?? [];
  if (name === "") throw new UsageError(`--broker takes ${FORMS}`);
  return { host: name.replace(/^\[|\]$/g, ""), port: port === undefined ? fallback : Number(port) };
}

function settingsOf(query: string): Pick<RedisBrokerOptions, "prefix" | "replicas"> {
  const settings: { prefix?: string; replicas?: number } = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "prefix") settings.prefix = value;
    else if (name === "replicas" && /^\d+$/.test(value)) settings.replicas = Number(value);
    else throw new UsageError("what may follow the ? of --broker is prefix=NAME and replicas=NUMBER");
  }
  return settings;
}
