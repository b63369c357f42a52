/** The contract's servers as two worker processes on one port and one log on disk. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransportName } from "tidemark/client";
import type { ServedApp, TransportHarness } from "tidemark/testing";
import { networkHarness } from "./servers.js";

const SCRIPT = join(import.meta.dirname, "workers.mjs");

interface Answer {
  readonly id?: number;
  readonly port?: number;
  readonly result?: unknown;
  readonly error?: string;
}

export function workersHarness(transport: TransportName): TransportHarness {
  return networkHarness(transport, async (_makeApp, options) => {
    const dir = mkdtempSync(join(tmpdir(), "tidemark-workers-"));
    const child = fork(SCRIPT, [dir, JSON.stringify(options)]);
    const exited = once(child, "exit");
    const waiting = new Map<number, (answer: Answer) => void>();
    let lastId = 0;
    const port = await new Promise<number>((resolve, reject) => {
      child.on("message", (answer: Answer) => {
        if (answer.port !== undefined) resolve(answer.port);
        else waiting.get(answer.id ?? 0)?.(answer);
      });
      child.once("exit", (code) => reject(new Error(`the workers ended with ${code}`)));
    });

    function ask(worker: number, method: keyof ServedApp, args: readonly unknown[]): Promise<unknown> {
      const id = ++lastId;
      child.send({ id, worker, method, args });
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ result, error }) => {
          waiting.delete(id);
          if (error === undefined) resolve(result);
          else reject(new Error(error));
        });
      });
    }

    const apps = [0, 1].map((worker): ServedApp => ({
      publishTo: (channel, data) => ask(worker, "publishTo", [channel, data]) as Promise<{ offset: number }>,
      disconnect: (...args) => ask(worker, "disconnect", args) as ReturnType<ServedApp["disconnect"]>,
      close: async () => void (await ask(worker, "close", [])),
    }));
    return {
      apps,
      targets: [port],
      close: async () => {
        child.kill("SIGKILL");
        await exited;
        rmSync(dir, { recursive: true, force: true });
      },
    };
  });
}
