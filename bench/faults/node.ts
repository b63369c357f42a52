/** One server on Redis, in a process of its own, so that it can be killed. */
import { state, stream, tidemark } from "tidemark";
import { redisBroker, type RedisBrokerOptions } from "tidemark/broker/redis";
import { expose } from "../lib/remote.js";

export interface NodeOptions {
  readonly redis: RedisBrokerOptions;
  /** 0 for any. */
  readonly port: number;
  /** How long a retried change of keys is recognised, in milliseconds. */
  readonly dedupe?: number | undefined;
}

const functions = {
  /** Resolves with the port. */
  async listen({ redis, port, dedupe }: NodeOptions): Promise<number> {
    const app = tidemark({
      broker: await redisBroker({ ...redis, onWarning: () => {} }),
      authenticate: ({ token }) => ({ id: token ?? "nobody" }),
      // Outages are what is tried here: each refused append would be a line.
      log: { info() {}, warn() {}, error() {} },
    }).channels({
      "chat/:id": stream({ retain: { count: 1_000_000 } }),
      "keys/:id": state(dedupe === undefined ? {} : { dedupe }),
      "room/:id": stream({ retain: { count: 10 }, presence: true, allow: () => true }),
    });
    return (await app.listen({ port, host: "127.0.0.1" })).port;
  },
};
export type Node = typeof functions;

expose(functions);
