/** The contract's servers as two worker processes on one port and one log on disk. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServedApp, TransportHarness } from "tidemark/testing";
import { networkHarness, type Servers } from "./servers.js";
import type { Way } from "./ways.js";

const SCRIPT = join(import.meta.dirname, "workers.mjs");

/** What the processes say: that they are there, the answer to an order, or what an app has logged as an error. */
interface Said {
  readonly ready?: true;
  readonly logged?: string;
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The processes, which serve one app after the other, each with a log of its own. */
export class Workers {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #logged: string[] = [];
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, "exit");
    child.on("message", ({ id, result, error, logged }: Said) => {
      if (logged !== undefined) this.#logged.push(logged);
      const waiting = this.#waiting.get(id ?? 0);
      this.#waiting.delete(id ?? 0);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    child.once("exit", (code) => {
      for (const waiting of this.#waiting.values())
        waiting.reject(new Error(`the workers ended with ${code}`));
    });
  }

  static async start(): Promise<Workers> {
    const child = fork(SCRIPT, { serialization: "advanced" });
    const workers = new Workers(child);
    await Promise.race([
      once(child, "message"),
      workers.#exited.then(() => Promise.reject(new Error("the workers ended at once"))),
    ]);
    return workers;
  }

  harness(way: Way): TransportHarness {
    return networkHarness(way, async (_makeApp, options): Promise<Servers> => {
      const dir = mkdtempSync(join(tmpdir(), "tidemark-workers-"));
      await this.#ask("hub", "open", dir);
      const ports = await Promise.all([0, 1].map((worker) => this.#ask(worker, "open", dir, options)));
      const apps = [0, 1].map((worker): ServedApp => ({
        publishTo: (...args) => this.#ask(worker, "publishTo", ...args) as Promise<{ offset: number }>,
        disconnect: (...args) =>
          this.#ask(worker, "disconnect", ...args) as ReturnType<ServedApp["disconnect"]>,
        close: async () => void (await this.#ask(worker, "close")),
      }));
      return {
        apps,
        targets: [ports[0] as number],
        close: async () => {
          await Promise.all([0, 1].map((worker) => this.#ask(worker, "end")));
          await this.#ask("hub", "end");
          rmSync(dir, { recursive: true, force: true });
          const logged = this.#logged.splice(0);
          if (logged.length > 0) throw new Error(`a worker has logged: ${logged.join("\n")}`);
        },
      };
    });
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** @param to the process that holds the log, or which worker */
  #ask(to: "hub" | number, method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, to, method, args });
    });
  }
}
