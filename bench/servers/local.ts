/**
 * Tidemark on its logs on disk, in one process or with workers, as `tidemark serve --data DIR --workers N` runs it,
 * but without limits, since one client here is the load of many. What it costs is the sum over all its processes.
 */
import cluster, { type Address, type Worker } from "node:cluster";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stream, tidemark } from "tidemark";
import type { Broker } from "tidemark/broker";
import { createLocalHub, localBroker, localWorker, type LocalHub } from "tidemark/broker/local";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";

const DIR = "BENCH_LOCAL_DIR";
const workers: Worker[] = [];
let hub: LocalHub | undefined;

async function listen(broker: Broker): Promise<number> {
  const channels = { "bench/:name": stream({ retain: { count: 1000 } }) };
  return (
    await tidemark({ broker, limits: { commands: false, channels: false, connects: false, bytes: false } })
      .channels(channels)
      .listen({ port: 0 })
  ).port;
}

const functions = {
  /** In this process, or with so many others. */
  async start(count: number): Promise<number> {
    const dir = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
    process.once("exit", () => rmSync(dir, { recursive: true }));
    if (count === 1) return listen(await localBroker({ dir }));
    hub = createLocalHub({ dir });
    await hub.listen();
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    for (let i = 0; i < count; i++) workers.push(cluster.fork({ [DIR]: dir }));
    const addresses = await Promise.all(
      workers.map((worker) => once(worker, "listening") as Promise<[Address]>),
    );
    return addresses[0]?.[0].port ?? 0;
  },

  /** Microseconds of processor time so far: of this process, and of each worker. */
  async costs(): Promise<number[]> {
    const asked = workers.map(async (worker) => {
      const answer = once(worker, "message") as Promise<[{ cpu: number }]>;
      worker.send("usage");
      return (await answer)[0].cpu;
    });
    return [usage().cpu, ...(await Promise.all(asked))];
  },
};
export type LocalServer = typeof functions;

const dir = process.env[DIR];
if (dir === undefined) {
  expose(functions);
  process.once("SIGTERM", () => {
    for (const worker of workers) worker.process.kill("SIGKILL");
    process.exit();
  });
} else {
  await listen(await localWorker({ dir }));
  process.on("message", () => process.send?.(usage()));
}
