/**
 * One process of a Tidemark server that consists of several: the writer of the logs, or a worker that has
 * connections. Nothing is forced to the disk: it is not what is measured.
 */
import { createLocalHub, localWorker } from "tidemark/broker/local";
import { stream, tidemark } from "tidemark";
import { expose } from "../lib/remote.js";
import { settledRss, usage } from "../lib/usage.js";

const functions = {
  write: (dir: string) => createLocalHub({ dir, sync: "none" }).listen(),
  /** Resolves with the port. */
  async work(dir: string): Promise<number> {
    const app = tidemark({
      broker: await localWorker({ dir }),
      limits: { commands: false, channels: false, connects: false, bytes: false },
    });
    const channels = app.channels({ "bench/:name": stream({ retain: { count: 1000 } }) });
    return (await channels.listen({ port: 0, host: "127.0.0.1" })).port;
  },
  usage,
  settledRss,
};
export type ClusterProcess = typeof functions;

expose(functions);
