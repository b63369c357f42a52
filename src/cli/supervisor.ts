/** The worker processes of `tidemark serve --workers N`: started, started again when they crash, and stopped. */
import cluster, { type Address, type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "../server/logger.js";

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A worker that lived so long did not crash because of how it starts, in milliseconds. */
const STABLE_MS = 30_000;
/** How long workers may take to let go of their clients before they are killed, in milliseconds. */
const GRACE_MS = 10_000;

export interface SupervisorOptions {
  readonly count: number;
  /** Given to the workers beside this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** A worker takes connections. */
  readonly onListening: (pid: number, address: Address) => void;
}

/**
 * Keeps `count` processes of this same program running; they share the ports that they listen on. A worker that ends
 * by itself is followed by another one, at once at first and later and later while they keep ending.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers = new Set<Worker>();
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  #backoff = FIRST_BACKOFF_MS;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves when all take connections. Rejects with the first one's exit code when that cannot even start. */
  async start(): Promise<void> {
    // Workers take connections from the shared port themselves. Were they handed out by this process (Node's default),
    // those on their way to a worker that is killed would hang until their clients give up: 10 seconds, measured.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    // Alone: what keeps one from starting keeps all of them, and is said once.
    const first = this.#fork();
    const [code] = (await Promise.race([once(first, "listening"), once(first, "exit")])) as [unknown];
    if (typeof code === "number" || first.isDead()) throw new WorkerExit(first.process.exitCode ?? 1);
    const others = Array.from({ length: this.#options.count - 1 }, () => this.#fork());
    await Promise.all(
      others.map((worker) => Promise.race([once(worker, "listening"), once(worker, "exit")])),
    );
  }

  /** Ends all workers: as they like within a grace period, and then anyhow. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    const ended = [...this.#workers].map((worker) => once(worker, "exit"));
    for (const worker of this.#workers) worker.process.kill("SIGTERM");
    const timer = setTimeout(() => {
      for (const worker of this.#workers) worker.process.kill("SIGKILL");
    }, GRACE_MS);
    await Promise.all(ended);
    clearTimeout(timer);
  }

  #fork(): Worker {
    const worker = cluster.fork(this.#options.env);
    const startedAt = performance.now();
    let wasListening = false;
    this.#workers.add(worker);
    worker.on("listening", (address) => {
      wasListening = true;
      this.#options.onListening(worker.process.pid ?? 0, address);
    });
    // Such as a signal to a process that has just ended.
    worker.on("error", (error) => this.#options.log.warn({ error }, "a worker could not be reached"));
    worker.on("exit", (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      const isFirst = !wasListening && this.#workers.size === 0 && this.#restarts.size === 0;
      if (this.#stopping || isFirst) return;
      if (performance.now() - startedAt > STABLE_MS) this.#backoff = FIRST_BACKOFF_MS;
      const wait = this.#backoff;
      this.#backoff = Math.min(this.#backoff * 2, MAX_BACKOFF_MS);
      this.#options.log.error(
        { pid: worker.process.pid, code, signal },
        `a worker ended; another one starts in ${wait} ms`,
      );
      const timer = setTimeout(() => {
        this.#restarts.delete(timer);
        this.#fork();
      }, wait);
      this.#restarts.add(timer);
    });
    return worker;
  }
}

/** The first worker ended before it took connections; it has said why. */
export class WorkerExit extends Error {
  override readonly name = "WorkerExit";
  readonly code: number;

  constructor(code: number) {
    super(`the first worker ended with code ${code}`);
    this.code = code;
  }
}
