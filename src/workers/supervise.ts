import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Broker } from "../broker/index.js";
import { duration, type Duration } from "../protocol/duration.js";
import { defaultLogger, type Logger } from "../server/logger.js";
import { RoomDeaths } from "./room-deaths.js";
import { Supervisor } from "./supervisor.js";

/** What {@link supervise} takes. */
export interface SuperviseOptions {
  /** What each process runs: a path, or a URL such as `new URL("./server.js", import.meta.url)`. */
  readonly program: string | URL;
  /** How many. Default: as many as this machine has processors. */
  readonly workers?: number;
  /** Given to them beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Opens the logs that the workers share, in this process: `() => redisBroker({ url })`, or `() => hub.broker()` where this process
   * writes them. Called when a worker has died of a room, so that its log says so.
   */
  readonly broker: () => Broker | Promise<Broker>;
  /** How long workers may take to end at SIGTERM, as milliseconds or a text such as `"30s"`; 10 seconds later they are killed. Default 30 s. */
  readonly grace?: Duration;
  /** The heap of the process that takes over rooms which workers died of, in MiB. Default: {@link HELPER_HEAP_MIB}. */
  readonly helperHeap?: number;
  /** Default: warnings and errors as JSON lines on standard error. */
  readonly log?: Logger;
}

/** Processes that are looked after. */
export interface Supervised {
  /** Ends them: with SIGTERM, and when the grace is over anyhow. */
  stop(): Promise<void>;
}

/**
 * Runs a server in several processes, which share the ports that it listens on, and looks after them: one that ends is followed by another
 * one. Where a room makes its process stand still, or run out of memory, its log says so, and it is taken over by a process of its own, a
 * helper, with a small heap and without connections; when that ends of it as well, the room is closed. The other rooms go on.
 *
 * Resolves when all processes take connections; rejects when the first one ends before that.
 *
 * @throws {TypeError} when the number of workers or the grace is none
 * @example
 * const running = await supervise({ program: new URL("./server.js", import.meta.url), broker: () => redisBroker({ url }) });
 * process.once("SIGTERM", () => void running.stop());
 */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const { program, workers: count = availableParallelism(), env = {}, log = defaultLogger } = options;
  if (!Number.isInteger(count) || count < 1)
    throw new TypeError(`workers must be a whole number from 1 on, not ${count}`);
  const grace = duration(options.grace, 30_000, "grace");
  cluster.setupPrimary({ exec: program instanceof URL ? fileURLToPath(program) : program });
  const opened: Broker[] = [];
  const rooms = new RoomDeaths({
    log,
    open: async () => {
      const broker = await options.broker();
      opened.push(broker);
      // It is a node to the others, and takes no rooms.
      broker.report({ closing: 1 });
      return broker;
    },
  });
  const supervisor = new Supervisor({
    count,
    env,
    log,
    grace,
    rooms,
    helperHeap: options.helperHeap,
    onListening: () => {},
  });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await Promise.all(opened.map((broker) => broker.close()));
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
