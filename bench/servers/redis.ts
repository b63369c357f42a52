/** Tidemark on a Redis that it shares with others, without limits, since one client here is the load of many. */
import { stream, tidemark } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";

const functions = {
  /** Resolves with the port. */
  async listen(url: string): Promise<number> {
    const app = tidemark({
      broker: await redisBroker({ url }),
      limits: { commands: false, channels: false, bytes: false },
    });
    const channels = app.channels({ "bench/:name": stream({ retain: { count: 1000 } }) });
    return (await channels.listen({ port: 0, host: "127.0.0.1" })).port;
  },
  usage,
};
export type RedisNode = typeof functions;

expose(functions);
