/** Logs on this machine's disk (package `lmdb`), for one process or several. */
import { resolve } from "node:path";
import { realRandom, type Clock, type Random } from "../../protocol/index.js";
import type { Broker } from "../contract.js";
import { openForReading } from "./environment.js";
import { LocalBroker } from "./local-broker.js";
import { createLocalHub, report, type LocalNodeOptions, type LocalOptions } from "./local-hub.js";
import { LogReader } from "./log-reader.js";
import { SlotsReader } from "./slots/slots-reader.js";
import { unrefClock } from "./real-clock.js";
import { SocketLink } from "./socket-link.js";

export {
  DEFAULT_LOCAL_IDLE_MS,
  createLocalHub,
  type LocalHub,
  type LocalNodeOptions,
  type LocalOptions,
} from "./local-hub.js";

/** How long a worker's call may take: 10 seconds, in milliseconds. */
export const DEFAULT_LOCAL_TIMEOUT_MS = 10_000;

/**
 * Logs on this machine's disk, for a server of one process. Closing the broker closes the directory.
 *
 * @throws {BrokerError} `unavailable` when another process writes the directory
 * @example
 * const broker = await localBroker({ dir: "./data" });
 * const app = tidemark({ broker }).channels({ "chat/:id": stream({ retain: { count: 1000 } }) });
 */
export async function localBroker(options: LocalOptions & LocalNodeOptions): Promise<Broker> {
  const hub = createLocalHub(options);
  return hub.broker(options, () => hub.close());
}

/** What {@link localWorker} takes. */
export interface LocalWorkerOptions extends LocalNodeOptions {
  /** The directory of a writer that listens; see `createLocalHub`. */
  readonly dir: string;
  /** Milliseconds that a call may take; then it fails as unavailable. Default: 10 s. */
  readonly timeout?: number;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** Default: the platform's. */
  readonly random?: Random;
  /** Told what a follower throws. Default: written to standard error. */
  readonly onError?: (error: unknown) => void;
}

/**
 * One more process on the logs of a writer: reads them from the disk itself, and has the writer do the rest. When
 * the writer is away, calls wait for it and fail as unavailable when it takes too long; when it is back, this node
 * goes on by itself.
 *
 * @throws {BrokerError} `unavailable` when there is no writer
 * @example const app = tidemark({ broker: await localWorker({ dir: "./data" }) });
 */
export async function localWorker(options: LocalWorkerOptions): Promise<Broker> {
  const { dir, clock = unrefClock, random = realRandom, onError = report } = options;
  const timeout = options.timeout ?? DEFAULT_LOCAL_TIMEOUT_MS;
  const env = openForReading(dir);
  const links: SocketLink[] = [];
  const broker = new LocalBroker({
    clock,
    reader: new LogReader(env),
    slotsReader: new SlotsReader(env),
    onError,
    name: { id: options.id ?? random.id(), version: options.version ?? "" },
    link(events, name) {
      const link = new SocketLink({ dir, clock, random, timeout, name, events });
      links.push(link);
      return link;
    },
    onClose: () => env.root.close(),
    otherThread: { module: new URL("./thread-writer.js", import.meta.url).href, data: { dir: resolve(dir) } },
  });
  try {
    for (const link of links) await link.ready();
    return broker;
  } catch (error) {
    await broker.close();
    throw error;
  }
}
