/** A process that appends to logs on the disk, as their writer or as a worker. */
import type { Broker, Draft } from "tidemark/broker";
import { localBroker, localWorker } from "tidemark/broker/local";
import { expose } from "./remote.js";
import { median } from "./statistics.js";
import { usage } from "./usage.js";

const PAYLOAD = JSON.stringify("x".repeat(62));
const OPTIONS = { keeping: { by: "entries" as const, retain: { count: 1000 } }, dedupe: 300_000 };
/** Publishers on a channel: each a scope of sequences of its own. */
const PUBLISHERS = 10;

const sequences = new Map<string, number>();
let broker: Broker | undefined;

const functions = {
  async open({
    dir,
    sync,
    isWorker,
  }: {
    dir: string;
    sync: "disk" | "none";
    isWorker: boolean;
  }): Promise<void> {
    broker = isWorker ? await localWorker({ dir }) : await localBroker({ dir, sync });
  },

  async append(load: {
    channels: number;
    batch: number;
    seconds: number;
  }): Promise<{ entries: number; ms: number; cpu: number; wait: number }> {
    const { channels, batch, seconds } = load;
    const { cpu } = usage();
    const from = performance.now();
    const waits: number[] = [];
    const run = async (channel: string): Promise<number> => {
      let count = 0;
      while (performance.now() < from + seconds * 1000) {
        const drafts = Array.from({ length: batch }, (_, i) =>
          draft(`${channel} publisher ${(count + i) % PUBLISHERS}`),
        );
        const begun = performance.now();
        await broker?.append(channel, drafts, OPTIONS);
        waits.push(performance.now() - begun);
        count += batch;
      }
      return count;
    };
    const counts = await Promise.all(Array.from({ length: channels }, (_, i) => run(`bench/${i}`)));
    const entries = counts.reduce((sum, count) => sum + count, 0);
    return { entries, ms: performance.now() - from, cpu: usage().cpu - cpu, wait: median(waits) };
  },
};
export type LocalAppender = typeof functions;

function draft(scope: string): Draft {
  const id = (sequences.get(scope) ?? 0) + 1;
  sequences.set(scope, id);
  return { data: PAYLOAD, meta: '{"from":"ann"}', key: { scope, id, print: 4_503_599_627_370_495 } };
}

expose(functions);
