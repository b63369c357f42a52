import { realRandom, type Clock, type Random } from "../../protocol/index.js";
import type { Broker } from "../contract.js";
import { DEFAULT_MAX_KEYS } from "../log/key-memory.js";
import { statfsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { ageOf, openForWriting } from "./environment.js";
import { own } from "./life.js";
import { findLater, forgetLater } from "./later.js";
import { LocalBroker } from "./local-broker.js";
import { LogReader } from "./log-reader.js";
import { KeyPacker } from "./packed-keys.js";
import { SlotsReader } from "./slots/slots-reader.js";
import { unrefClock } from "./real-clock.js";
import { SocketServer } from "./socket-server.js";
import { WriterNode } from "./writer-node.js";
import { Writer } from "./writer.js";

/** How long a log without entries is kept after its last use: 24 hours, in milliseconds. */
export const DEFAULT_LOCAL_IDLE_MS = 86_400_000;

/** What a writer on this machine's disk takes. */
export interface LocalOptions {
  /** Where the logs are; made if there is nothing. On a disk of this machine, never on a network's. */
  readonly dir: string;
  /**
   * What an acknowledgement means. `disk`, the default: it is on the disk, and survives the end of any process and
   * of the machine's power. `none`: the system will write it some time; it may not survive either. The connect
   * reply's `durability` is then `memory`.
   */
  readonly sync?: "disk" | "none";
  /** Text keys remembered per log within a dedupe window; appends beyond that fail. Default: 100,000. */
  readonly maxKeys?: number;
  /**
   * Whether the directory is from an earlier time, such as a snapshot of the whole disk, which cannot be told from inside:
   * every log then goes on in a new epoch, so that subscribers are told. Default: false.
   */
  readonly restored?: boolean;
  /** Milliseconds for which a log that keeps no entries is known after its last use. Default: 24 hours. */
  readonly idle?: number;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** Names epochs and leases. Default: the platform's. */
  readonly random?: Random;
  /** Told what a follower throws, and when the disk refuses to write. Default: written to standard error. */
  readonly onError?: (error: unknown) => void;
}

/** What the other nodes see of a node. */
export interface LocalNodeOptions {
  /** Default: a random one. */
  readonly id?: string;
  readonly version?: string;
}

/** The writer of a directory, for one node or several. */
export interface LocalHub {
  /** Another node in this process. `onClose` is called last when it is closed. */
  broker(options?: LocalNodeOptions, onClose?: () => Promise<void>): Broker;
  /** Lets other processes be nodes: see `localWorker`. Resolves when they can. */
  listen(): Promise<void>;
  /** Resolves when everything that was begun is on the disk. */
  idle(): Promise<void>;
  /** Ends all nodes' links, writes what is waiting and gives the directory up. */
  close(): Promise<void>;
}

/**
 * Opens a directory of logs for writing.
 *
 * @throws {BrokerError} `unavailable` when another process writes it, or when it is of a newer format; the message says which
 *   version of Tidemark reads that
 * @example
 * const hub = createLocalHub({ dir: "./data" });
 * await hub.listen(); // other processes: localWorker({ dir: "./data" })
 */
export function createLocalHub(options: LocalOptions): LocalHub {
  const { dir, sync = "disk" } = options;
  const clock = options.clock ?? unrefClock;
  const random = options.random ?? realRandom;
  const onError = options.onError ?? report;
  const { owned, opened } = own(dir, { sync, random, restored: options.restored === true }, () => {
    const env = openForWriting(dir, sync === "disk");
    return { env, ...ageOf(env) };
  });
  const { env } = opened;
  const writer = new Writer({
    env,
    clock,
    random,
    durability: sync === "disk" ? "disk" : "memory",
    owned,
    maxKeys: options.maxKeys ?? DEFAULT_MAX_KEYS,
    idle: options.idle ?? DEFAULT_LOCAL_IDLE_MS,
    onError,
    onDisk: (error) => onError(new Error(diskNews(dir, error), { cause: error })),
    hasRoom: () => statfsSync(dir).bavail > 0,
  });
  makeUpFor(dir, writer, onError);
  const reader = new LogReader(env);
  const slotsReader = new SlotsReader(env);
  let server: SocketServer | undefined;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await server?.close();
    await writer.close();
    if (sync === "none") await synced(env.root);
    await env.root.close();
    owned.release();
  };
  return {
    broker: ({ id = random.id(), version = "" } = {}, onClose) =>
      new LocalBroker({
        clock,
        reader,
        slotsReader,
        onError,
        name: { id, version },
        link: (events, name) => new WriterNode(writer, events, name),
        onClose,
        // The writer is this thread: while that stands still, nobody writes.
        otherThread: {
          module: new URL("./later-writer.js", import.meta.url).href,
          data: { dir: absolute(dir) },
        },
      }),
    async listen() {
      server ??= new SocketServer(writer, dir, clock);
      await server.listen();
    },
    idle: () => writer.idle(),
    close: () => (closing ??= close()),
  };
}

/** Before anybody else asks for anything: what was left to be done while the writer before this one stood still. */
function makeUpFor(dir: string, writer: Writer, onError: (error: unknown) => void): void {
  const later = findLater(dir);
  if (later === undefined) return;
  const { channel, drafts, options } = later;
  const done = (): void => forgetLater(dir);
  const failed = (error: unknown): void => {
    done();
    onError(error);
  };
  try {
    writer.change(channel, { keys: new KeyPacker().pack(drafts), drafts }, options, done, failed);
  } catch (error) {
    failed(error);
  }
}

/** What the operator has to know: it is said once when it begins and once when it is over. */
function diskNews(dir: string, error: unknown): string {
  if (error === undefined) return `the disk takes what is written to ${dir} again`;
  const { bavail, bsize } = statfsSync(dir);
  return `the disk takes nothing that is written to ${dir}, where ${bavail * bsize} bytes are free: publishes fail as unavailable until it does, reads go on`;
}

/** lmdb's own sync takes a callback. */
function synced(root: object): Promise<void> {
  return new Promise((resolve, reject) => {
    (root as { sync(done: (error?: Error) => void): void }).sync((error) =>
      error ? reject(error) : resolve(),
    );
  });
}

export function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
