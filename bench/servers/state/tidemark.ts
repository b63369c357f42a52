/** Tidemark with a channel of keys and values, without limits, since one client here is the load of many. */
import { state, tidemark } from "tidemark";
import { localWorker } from "tidemark/broker/local";
import { redisBroker } from "tidemark/broker/redis";
import { serveState, type StateOptions } from "./serve.js";

/** Is not rejected in any benchmark; where it is, there is nothing to measure. */
function failed(error: unknown): never {
  throw error;
}

async function brokerOf({ logs }: StateOptions) {
  if (logs === undefined) return undefined;
  return "redis" in logs ? redisBroker({ url: logs.redis }) : localWorker({ dir: logs.folder });
}

serveState(async (options) => {
  const broker = await brokerOf(options);
  const app = tidemark({
    limits: { commands: false, channels: false, connects: false, bytes: false },
    // Pages come from servers of their own.
    origins: "*",
    ...(broker !== undefined && { broker }),
  }).channels({ "bench/:name": state({}) });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  const market = app.state("bench/:name", { name: "market" });
  // One call a change, as applications write it.
  return { port, set: (key, value) => market.set(key, value).catch(failed) };
});
