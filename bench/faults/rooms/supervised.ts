/** Looks after the workers of a scenario, in a process of its own; and writes their logs, where those are on the disk. */
import { fileURLToPath } from "node:url";
import { createLocalHub, type LocalHub } from "tidemark/broker/local";
import { supervise, type Supervised } from "../../../src/workers/supervise.js";
import { expose } from "../../lib/remote.js";
import type { WorkerTask } from "./worker.js";
import { openLogs } from "./logs.js";

export interface SupervisedTask extends WorkerTask {
  readonly workers: number;
  /** The heap of each worker and of a helper, in MiB. */
  readonly heap: number;
  readonly helperHeap: number;
}

/** A line of whoever looks after them. */
export interface Line {
  readonly at: number;
  readonly message: string;
  readonly pid: number | undefined;
}

const lines: Line[] = [];
let running: Supervised | undefined;
let hub: LocalHub | undefined;

function say({ pid }: Readonly<Record<string, unknown>>, message: string): void {
  lines.push({ at: Date.now(), message, pid: typeof pid === "number" ? pid : undefined });
}

const functions = {
  async start({ workers, heap, helperHeap, ...task }: SupervisedTask): Promise<void> {
    const { logs } = task;
    if ("dir" in logs) {
      hub = createLocalHub({ dir: logs.dir });
      await hub.listen();
    }
    running = await supervise({
      program: fileURLToPath(new URL("./worker.js", import.meta.url)),
      workers,
      helperHeap,
      grace: "5s",
      env: { TASK: JSON.stringify(task), NODE_OPTIONS: `--max-old-space-size=${heap}` },
      broker: () => hub?.broker() ?? openLogs(logs),
      log: { info: say, warn: say, error: say },
    });
  },
  said(): readonly Line[] {
    return lines;
  },
  async stop(): Promise<void> {
    await running?.stop();
    await hub?.close();
  },
};
export type SupervisedRooms = typeof functions;

expose(functions);
