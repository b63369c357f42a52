import type { Redis, RedisOptions } from "ioredis";
import type { Settings } from "./options.js";
import { FIRST_CONNECT_AGAIN_MS, MOST_CONNECT_AGAIN_MS } from "./retry-times.js";

/** Milliseconds before the next attempt to connect: doubling, and never two nodes at once. */
export function backoff(attempts: number, random: () => number): number {
  const most = Math.min(MOST_CONNECT_AGAIN_MS, FIRST_CONNECT_AGAIN_MS * 2 ** Math.min(attempts, 10));
  return most * (0.5 + 0.5 * random());
}

/** What every connection has in common. Nothing is sent twice, nothing waits in a queue that we do not see. */
export function connectionOptions(settings: Settings): RedisOptions & { readonly replyMapping: "legacy" } {
  const { client, timeout, random } = settings;
  return {
    connectTimeout: timeout,
    ...client,
    // Answers are read as these say.
    replyMapping: "legacy",
    stringNumbers: false,
    keyPrefix: "",
    lazyConnect: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    enableOfflineQueue: false,
    // Commands under way fail when the connection is lost, all of them, at once.
    maxRetriesPerRequest: 0,
    // A connection whose server is silent although it was asked something is given up.
    socketTimeout: timeout,
    // After a failover that this connection survived; the command itself was refused and is tried again.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    retryStrategy: (attempts) => backoff(attempts, () => random.float()),
  };
}

/** Whether what is sent now can arrive. A connection whose other end has closed it stays "ready" for a moment. */
export function isWritable(redis: Redis): boolean {
  return redis.status === "ready" && redis.stream.writable;
}
