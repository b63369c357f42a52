/** The server that is attacked, in a process of its own; started with --expose-gc. */
import { PerformanceObserver } from "node:perf_hooks";
import { method, stream, tidemark, type AppOptions } from "tidemark";
import { redisBroker } from "tidemark/broker/redis";
import { expose } from "../lib/remote.js";

export interface ServerOptions {
  /** Where the logs are; in memory without it. */
  readonly redis?: string | undefined;
  /** Milliseconds that keys are remembered. */
  readonly dedupe: number;
  readonly limits?: AppOptions<null>["limits"];
}

/** Bytes in use after a full collection. */
export interface Memory {
  readonly heap: number;
  readonly external: number;
}

/** What is refused is what is tried here: it is counted, not logged. */
const log = { info() {}, warn() {}, error() {} };

let longestPause = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longestPause = Math.max(longestPause, duration);
}).observe({ entryTypes: ["gc"] });

let refused = (): Readonly<Record<string, number>> => ({});

const functions = {
  /** Resolves with the port. */
  async listen({ redis, dedupe, limits = {} }: ServerOptions): Promise<number> {
    const broker =
      redis === undefined ? {} : { broker: await redisBroker({ url: redis, onWarning: () => {} }) };
    const app = tidemark({ ...broker, limits, log })
      .channels({
        "chat/:id": stream({ retain: { count: 100 }, dedupe }),
        "room/:id": stream({ retain: { count: 10 }, dedupe, presence: true }),
      })
      .methods({ never: method({ run: () => new Promise<never>(() => {}) }) });
    refused = () => ({ ...app.stats.refused });
    const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
    for (let i = 0; i < 32; i++) await app.publish("chat/:id", { id: "history" }, "x".repeat(1000));
    return port;
  },

  memory(): Memory {
    if (globalThis.gc === undefined) throw new Error("start this process with --expose-gc");
    // What the first one frees through finalizers goes with the second.
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return { heap: heapUsed, external };
  },

  /** The longest pause for a collection of garbage since this was asked last, in milliseconds. */
  pause(): number {
    const longest = longestPause;
    longestPause = 0;
    return longest;
  },

  /** What was refused for a limit so far, by limit. */
  refused: (): Readonly<Record<string, number>> => refused(),
};
export type AttackedServer = typeof functions;

expose(functions);
