/** Tidemark on a Redis that it shares with others, without limits, since one client here is the load of many. */
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { stream, tidemark } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";

const delay = monitorEventLoopDelay({ resolution: 1 });
const collections: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration);
}).observe({ entryTypes: ["gc"] });

const functions = {
  /** Resolves with the port. */
  async listen(url: string): Promise<number> {
    const app = tidemark({ broker: await redisBroker({ url }), limits: { commands: false } });
    const channels = app.channels({ "bench/:name": stream({ retain: { count: 1000 } }) });
    return (await channels.listen({ port: 0, host: "127.0.0.1" })).port;
  },
  usage,
  /** Since the last time: milliseconds by which its event loop was late in 1 % of cases, and its longest collection. */
  pauses(): { loop: number; collection: number } {
    const result = { loop: delay.percentile(99) / 1e6, collection: Math.max(0, ...collections) };
    delay.reset();
    delay.enable();
    collections.length = 0;
    return result;
  },
};
export type RedisNode = typeof functions;

expose(functions);
