/** One of several servers on one Redis, as a deploy starts and stops it. */
import { stream, tidemark } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";

const functions = {
  listen: async ({
    redis,
    port,
    grace,
  }: {
    readonly redis: number;
    readonly port: number;
    readonly grace: number;
  }) => {
    const broker = await redisBroker({ url: `redis://127.0.0.1:${redis}` });
    const app = tidemark({ broker, limits: { commands: false, channels: false, bytes: false } }).channels({
      "soak/:id": stream({ retain: { count: 1_000_000, for: "1d" } }),
    });
    process.once("SIGTERM", () => {
      void (async () => {
        await app.close({ grace: grace * 1000 });
        await broker.close();
        process.exit(0);
      })();
    });
    return (await app.listen({ port, host: "127.0.0.1" })).port;
  },
  usage,
};
export type RedisNode = typeof functions;

expose(functions);
