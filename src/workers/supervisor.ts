/** The worker processes of one server: started, started again when they crash, followed by new ones, and stopped. */
import cluster, { type Address, type Worker } from "node:cluster";
import type { Logger } from "../server/logger.js";
import { isRoomNews, ROOM_PART, type RoomPart } from "../server/process-part.js";
import { Helper, HELPER_HEAP_MIB } from "./helper.js";
import type { RoomDeaths } from "./room-deaths.js";

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A worker that lived so long did not crash because of how it starts, in milliseconds. */
const STABLE_MS = 30_000;
/** How long workers may take beyond their grace before they are killed, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Tells a worker that another one has come to take its clients, on the same port. */
export const HAND_OVER = "SIGUSR2";

export interface SupervisorOptions {
  readonly count: number;
  /** Given to the workers beside this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** How long workers may take to let go of their clients, in milliseconds. */
  readonly grace: number;
  /** A worker takes connections. */
  readonly onListening: (pid: number, address: Address) => void;
  /** Sees of which rooms workers died. Without it nobody does, and rooms of theirs that are marked wait for a worker without others. */
  readonly rooms?: RoomDeaths | undefined;
  /** The heap of the process that takes over rooms which workers died of, in MiB. Default: {@link HELPER_HEAP_MIB}. */
  readonly helperHeap?: number | undefined;
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
  #started: Promise<void> | undefined;
  #stopping = false;
  /** Those that are followed by another one already. */
  readonly #leaving = new Set<Worker>();
  /** How often all are to be replaced yet; a round that is under way is done first. */
  #rounds = 0;
  readonly #env: Readonly<Record<string, string>>;
  /** For rooms that workers died of. */
  readonly #helper: Helper | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { env, rooms, log, helperHeap: heap = HELPER_HEAP_MIB } = options;
    const part: RoomPart = "worker";
    this.#env = rooms === undefined ? env : { ...env, ...rooms.env, [ROOM_PART]: part };
    const onEnd = (pid: number, code: number | null, signal: string | null): void => {
      if (!this.#stopping) log.error({ pid, code, signal }, "the helper for rooms ended");
      // Whether another one is needed is seen when somebody wants a room.
      void rooms?.ended({ pid, code, signal });
    };
    this.#helper = rooms && new Helper({ env: this.#env, heap, log, onEnd });
  }

  /** Resolves when all take connections. Rejects with the first one's exit code when that cannot even start. */
  start(): Promise<void> {
    return (this.#started = this.#startAll());
  }

  async #startAll(): Promise<void> {
    // Workers take connections from the shared port themselves. Were they handed out by this process (Node's default),
    // those on their way to a worker that is killed would hang until their clients give up: 10 seconds, measured.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    // Alone: what keeps one from starting keeps all of them, and is said once.
    const first = this.#fork();
    await begunOrEnded(first);
    if (!this.#workers.has(first)) throw new WorkerExit(first.process.exitCode ?? 1);
    const others = Array.from({ length: this.#options.count - 1 }, () => this.#fork());
    await Promise.all(others.map(begunOrEnded));
  }

  /**
   * Has every worker followed by a new one, one after the other: the new one takes connections before the old one is told
   * to leave, and the next is not touched before that one has left. Stops where a new one cannot start. While the first
   * ones start, it waits for them.
   */
  replaceAll(): void {
    // One that is asked for meanwhile begins after this one; more would change nothing.
    if (this.#stopping || (this.#rounds = Math.min(2, this.#rounds + 1)) > 1) return;
    this.#round().catch((error: unknown) => {
      // Whoever is there goes on; another SIGHUP begins anew.
      this.#rounds = 0;
      this.#leaving.clear();
      this.#options.log.error({ error }, "the workers could not be replaced; they go on as they are");
    });
  }

  async #round(): Promise<void> {
    const { log } = this.#options;
    // If they cannot start, there is nobody to follow: whoever started them is told.
    await this.#started?.catch(() => {});
    const olds = [...this.#workers];
    for (const old of olds) {
      if (this.#stopping || !this.#workers.has(old)) continue;
      const next = this.#fork();
      // Whichever of the two ends, the other one is there in its place.
      this.#leaving.add(old).add(next);
      await begunOrEnded(next);
      this.#leaving.delete(next);
      if (this.#workers.has(next)) await this.#retire(old);
      else log.error({ pid: next.process.pid }, "a new worker could not start; the others go on as they are");
      this.#leaving.delete(old);
      if (!this.#workers.has(next)) break;
    }
    this.#rounds--;
    if (this.#rounds > 0 && !this.#stopping) await this.#round();
  }

  async #retire(old: Worker): Promise<void> {
    if (!this.#workers.has(old)) return;
    const left = ended(old);
    old.process.kill(HAND_OVER);
    const timer = setTimeout(() => old.process.kill("SIGKILL"), this.#options.grace + PATIENCE_MS);
    await left;
    clearTimeout(timer);
  }

  /** Ends all workers: as they like within a grace period, and then anyhow. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#helper?.stop();
    const helper = this.#helper?.worker;
    const workers = [...this.#workers, ...(helper === undefined ? [] : [helper])];
    const left = workers.map(ended);
    for (const worker of workers) worker.process.kill("SIGTERM");
    const timer = setTimeout(() => {
      for (const worker of workers) worker.process.kill("SIGKILL");
    }, this.#options.grace + PATIENCE_MS);
    await Promise.all(left);
    clearTimeout(timer);
    this.#options.rooms?.close();
  }

  /** A worker has ended: if it was of a room, there is one for the helper. */
  #ended(pid: number, code: number | null, signal: string | null): void {
    void this.#options.rooms?.ended({ pid, code, signal }).then((isMarked) => {
      if (isMarked) this.#helper?.want();
    });
  }

  #fork(): Worker {
    const worker = cluster.fork(this.#env);
    const startedAt = performance.now();
    let wasListening = false;
    this.#workers.add(worker);
    worker.on("listening", (address) => {
      wasListening = true;
      this.#options.onListening(worker.process.pid ?? 0, address);
    });
    worker.on("message", (message: unknown) => {
      if (isRoomNews(message)) this.#helper?.want();
    });
    // Such as a message to a process that has just ended.
    worker.on("error", (error) => {
      this.#options.log.warn({ error }, "a worker could not be reached");
      // One that could not be started does not exit either.
      if (worker.process.pid === undefined) worker.emit("exit", 1, "");
    });
    worker.on("exit", (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#ended(worker.process.pid ?? 0, code, signal);
      const isFirst = !wasListening && this.#workers.size === 0 && this.#restarts.size === 0;
      if (this.#stopping || isFirst || this.#leaving.has(worker)) return;
      if (performance.now() - startedAt > STABLE_MS) this.#backoff = FIRST_BACKOFF_MS;
      const wait = this.#forkLater();
      this.#options.log.error(
        { pid: worker.process.pid, code, signal },
        `a worker ended; another one starts in ${wait} ms`,
      );
    });
    return worker;
  }

  /** Starts a worker after a while, and gives how long that is in milliseconds. */
  #forkLater(): number {
    const wait = this.#backoff;
    this.#backoff = Math.min(this.#backoff * 2, MAX_BACKOFF_MS);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      try {
        this.#fork();
      } catch (error) {
        // No memory, no file descriptors: that passes, and the other workers must not end with this process.
        const again = this.#forkLater();
        this.#options.log.error({ error }, `a worker could not be started; it is tried again in ${again} ms`);
      }
    }, wait);
    this.#restarts.add(timer);
    return wait;
  }
}

/** Whatever else it tells: that it could not be reached says nothing about what becomes of it. */
function ended(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.once("exit", () => resolve()));
}

function begunOrEnded(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once("listening", () => resolve());
    worker.once("exit", () => resolve());
  });
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
