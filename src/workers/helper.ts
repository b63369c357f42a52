import cluster, { type Worker } from "node:cluster";
import type { Logger } from "../server/logger.js";
import { ROOM_PART, type RoomPart } from "../server/process-part.js";

/** The heap of a helper, in MiB: a room that fills it is found out soon, and harms nobody. */
export const HELPER_HEAP_MIB = 512;
/** A helper that ends is followed by another one, when it is wanted, not sooner than so many milliseconds after it began. */
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
/** A helper that lived so long did not end because of how it starts, in milliseconds. */
const STABLE_MS = 5000;

export interface HelperOptions {
  readonly env: Readonly<Record<string, string>>;
  /** In MiB. */
  readonly heap: number;
  readonly log: Logger;
  /** A helper has ended. */
  readonly onEnd: (pid: number, code: number | null, signal: string | null) => void;
}

/**
 * The process that takes over rooms which their owners may have died of, one after the other (R9): one more of the same program, begun when
 * there is such a room. It may end of them, and nobody else ends with it.
 */
export class Helper {
  readonly #options: HelperOptions;
  #worker: Worker | undefined;
  #startedAt = -Infinity;
  #backoff = FIRST_BACKOFF_MS;
  #waiting: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: HelperOptions) {
    this.#options = options;
  }

  get worker(): Worker | undefined {
    return this.#worker;
  }

  /** There is a room for it. */
  want(): void {
    if (this.#isStopped || this.#worker !== undefined || this.#waiting !== undefined) return;
    const since = performance.now() - this.#startedAt;
    const wait = Math.max(0, this.#backoff - since);
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.#begin();
    }, wait);
  }

  /** No other one begins. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#waiting);
  }

  #begin(): void {
    const { env, heap, log, onEnd } = this.#options;
    this.#startedAt = performance.now();
    const part: RoomPart = "helper";
    try {
      const worker = forkWith([`--max-old-space-size=${heap}`], { ...env, [ROOM_PART]: part });
      this.#worker = worker;
      worker.on("error", (error) => log.warn({ error }, "the helper for rooms could not be reached"));
      worker.on("exit", (code: number | null, signal: string | null) => {
        this.#worker = undefined;
        const lived = performance.now() - this.#startedAt;
        this.#backoff = lived > STABLE_MS ? FIRST_BACKOFF_MS : Math.min(2 * this.#backoff, MAX_BACKOFF_MS);
        onEnd(worker.process.pid ?? 0, code, signal);
      });
      log.warn(
        { pid: worker.process.pid },
        "a helper has begun, for rooms that their owners may have died of",
      );
    } catch (error) {
      log.error({ error }, "the helper for rooms could not be started");
    }
  }
}

/** What a process is started with is the same for all that follow, unless it is put back. */
function forkWith(execArgv: readonly string[], env: Readonly<Record<string, string>>): Worker {
  cluster.setupPrimary();
  const before = cluster.settings.execArgv ?? [];
  cluster.setupPrimary({ execArgv: [...before, ...execArgv] });
  try {
    return cluster.fork(env);
  } finally {
    cluster.setupPrimary({ execArgv: before });
  }
}
