/** Where the rooms of a scenario have their logs. */
import type { Broker } from "tidemark/broker";
import { localWorker } from "tidemark/broker/local";
import { redisBroker } from "tidemark/broker/redis";

export type Logs = { readonly redis: string } | { readonly dir: string };

/** As one more node. */
export function openLogs(logs: Logs): Promise<Broker> {
  return "redis" in logs
    ? redisBroker({ url: logs.redis, onWarning: () => {} })
    : localWorker({ dir: logs.dir });
}
