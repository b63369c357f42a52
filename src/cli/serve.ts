/** `tidemark serve`: a server of its own, in one process or several. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BrokerError, type Broker } from "../broker/index.js";
import type { LocalHub } from "../broker/local/index.js";
import { tidemark } from "../server/index.js";
import { defaultLogger } from "../server/logger.js";
import { openRedis, readBrokerUrl } from "./broker.js";
import { readChannels } from "./config.js";
import { RoomDeaths } from "../workers/room-deaths.js";
import { HAND_OVER, Supervisor, WorkerExit } from "../workers/supervisor.js";
import { UsageError } from "./usage.js";

interface ServeOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly config: string | undefined;
  readonly origins: readonly string[];
  readonly apiKey: string | undefined;
  /** Where logs are kept; in memory when there is none. */
  readonly data: string | undefined;
  readonly sync: "disk" | "none";
  /** Whether `data` is from an earlier time. */
  readonly restored: boolean;
  /** The URL of a Redis that has the logs instead. */
  readonly broker: string | undefined;
  readonly workers: number;
  /** How long clients may take to move to another server, in milliseconds. */
  readonly grace: number;
}

/** Set for the workers, by the process that starts them. */
const WORKER = "TIDEMARK_WORKER";

/**
 * Serves until SIGINT or SIGTERM; then clients move, and at a second signal it ends at once. With workers SIGHUP has
 * them followed by new ones.
 *
 * @throws {UsageError} when the arguments or the config file make no sense, the port is taken, or the directory
 */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = readArgs(args, env);
  if (env[WORKER] !== undefined) return serveAsWorker(options);
  if (options.workers > 1) return serveWithWorkers(options);
  const broker = await openBroker(options);
  const { url, stop } = await start(options, broker);
  // Who is told where it is may signal in the same moment.
  onSignals(() => stop(options.grace));
  announce(url, options);
}

/** One of several: the logs are those of the process that started it, or in Redis, where each is a node of its own. */
async function serveAsWorker(options: ServeOptions): Promise<void> {
  // A terminal, or whatever runs services, may signal to all processes; what counts is what the first process says.
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {});
  let broker: Broker | undefined;
  try {
    broker = await openAsWorker(options);
    const { stop } = await start(options, broker);
    let stopping: Promise<void> | undefined;
    const end = (handOver: boolean): void => {
      stopping ??= exitAfter(stop(options.grace, handOver));
    };
    process.on("SIGTERM", () => end(false));
    process.on(HAND_OVER, () => end(true));
  } catch (error) {
    // What links it to the process that started it must not keep it alive.
    await broker?.close();
    process.channel?.unref();
    throw error;
  }
}

/** Writes the logs, where they are on the disk, and looks after the workers, which do the rest. */
async function serveWithWorkers(options: ServeOptions): Promise<void> {
  const { data, workers: count, grace } = options;
  if (data === undefined && options.broker === undefined)
    throw new UsageError("--workers needs --data DIR or --broker URL, where they keep their logs together");
  // A mistake in it is found before there are workers.
  readChannels(options.config);
  if (options.broker !== undefined) readBrokerUrl(options.broker);
  const hub = data === undefined ? undefined : await openHub(data, options);
  let announced = false;
  let marks: Broker | undefined;
  const rooms = new RoomDeaths({
    log: defaultLogger,
    open: async () => {
      marks = hub === undefined ? await openRedis(options.broker ?? "") : hub.broker();
      // It is a node to the others, and takes nothing.
      marks.report({ closing: 1 });
      return marks;
    },
  });
  const supervisor = new Supervisor({
    count,
    env: { [WORKER]: "1" },
    log: defaultLogger,
    grace,
    rooms,
    onListening(pid, { port }) {
      if (!announced) announce(urlOf(options.host, port), options);
      announced = true;
      process.stdout.write(`  worker ${pid}\n`);
    },
  });
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    await supervisor.stop();
    await marks?.close();
    await hub?.close();
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());
  onSignals(stop);
  // In a terminal it means that the terminal is gone.
  if (!process.stdout.isTTY) process.on("SIGHUP", () => supervisor.replaceAll());
  try {
    await hub?.listen();
    await supervisor.start();
  } catch (error) {
    await stop();
    // It has said what it was.
    if (error instanceof WorkerExit) process.exit(error.code);
    throw error;
  }
}

/** A server on a broker, or on this process's memory. */
async function start(
  options: ServeOptions,
  broker: Broker | undefined,
): Promise<{ url: string; stop: (grace: number, handOver?: boolean) => Promise<void> }> {
  const { port, host, origins, apiKey } = options;
  const channels = readChannels(options.config);
  const app = open(() =>
    tidemark({
      origins,
      ...(apiKey !== undefined && { apiKey }),
      ...(broker !== undefined && { broker }),
    }).channels(channels),
  );
  const stop = async (grace: number, handOver = false): Promise<void> => {
    await app.close({ grace, handOver });
    await broker?.close();
  };
  try {
    const { port: taken } = await app.listen({ port, ...(host !== undefined && { host }) });
    return { url: urlOf(host, taken), stop };
  } catch (error) {
    await stop(0);
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new UsageError(`port ${port} is taken; choose another with --port`);
  }
}

/** Ends the process when all is over, and also when that fails: nobody is there who would do it. */
async function exitAfter(stopped: Promise<void>): Promise<void> {
  try {
    await stopped;
  } catch (error) {
    defaultLogger.error({ error }, "stopping failed");
    process.exit(1);
  }
  process.exit(0);
}

/** Once; a second signal ends the process as signals do. */
function onSignals(stop: () => Promise<void>): void {
  const run = (): void => {
    process.off("SIGINT", run);
    process.off("SIGTERM", run);
    void exitAfter(stop());
  };
  process.on("SIGINT", run);
  process.on("SIGTERM", run);
}

function announce(url: string, { config }: ServeOptions): void {
  process.stdout.write(`Tidemark is at ${url}/connect\n`);
  for (const pattern of Object.keys(readChannels(config))) process.stdout.write(`  ${pattern}\n`);
}

function urlOf(host = "localhost", port: number): string {
  return `ws://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function openBroker(options: ServeOptions): Promise<Broker | undefined> {
  const { data, broker } = options;
  if (broker !== undefined) return openRedis(broker);
  return data === undefined ? undefined : openLogs(data, options);
}

async function openAsWorker({ data = "", broker }: ServeOptions): Promise<Broker> {
  if (broker !== undefined) return openRedis(broker);
  const { localWorker } = await import("../broker/local/index.js");
  return localWorker({ dir: data });
}

async function openLogs(dir: string, { sync, restored }: ServeOptions): Promise<Broker> {
  const { localBroker } = await withLmdb(() => import("../broker/local/index.js"));
  return localBroker({ dir, sync, restored }).catch((error: unknown) => refuse(dir, error));
}

async function openHub(dir: string, { sync, restored }: ServeOptions): Promise<LocalHub> {
  const { createLocalHub } = await withLmdb(() => import("../broker/local/index.js"));
  try {
    return createLocalHub({ dir, sync, restored });
  } catch (error) {
    return refuse(dir, error);
  }
}

/** The directory is somebody else's, or none. */
function refuse(dir: string, error: unknown): never {
  if (error instanceof BrokerError) throw new UsageError(error.message);
  const { syscall, message } = error as NodeJS.ErrnoException;
  throw syscall === undefined ? error : new UsageError(`cannot keep logs in ${dir}: ${message}`);
}

async function withLmdb<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError("--data needs the package lmdb; install it: npm install lmdb");
  }
}

/** Clashing patterns are a mistake in the config. */
function open<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

function readArgs(args: readonly string[], env: NodeJS.ProcessEnv): ServeOptions {
  const options = {
    port: { type: "string" },
    host: { type: "string" },
    config: { type: "string" },
    origin: { type: "string", multiple: true },
    "api-key": { type: "string" },
    data: { type: "string" },
    sync: { type: "string" },
    restored: { type: "boolean" },
    broker: { type: "string" },
    workers: { type: "string" },
    grace: { type: "string" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const port = Number(values.port ?? env["PORT"] ?? 8080);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new UsageError("--port takes a number from 0 to 65535");
    const workers = Number(values.workers ?? 1);
    if (!Number.isInteger(workers) || workers < 1 || workers > 1024)
      throw new UsageError("--workers takes a number from 1 to 1024");
    const grace = Number(values.grace ?? 30);
    if (!(grace >= 0 && grace <= 3600)) throw new UsageError("--grace takes seconds, from 0 to 3600");
    const broker = values.broker ?? env["TIDEMARK_BROKER"];
    if (broker !== undefined && values.data !== undefined)
      throw new UsageError("--data keeps the logs on this machine, --broker in Redis: choose one of them");
    const { sync = "disk", restored = false } = values;
    if (restored && values.data === undefined)
      throw new UsageError(
        "--restored says that the folder of --data is from an earlier time: it needs --data DIR",
      );
    if (sync !== "disk" && sync !== "none") throw new UsageError('--sync takes "disk" or "none"');
    return {
      port,
      host: values.host ?? env["HOST"],
      config: values.config,
      origins: values.origin ?? [],
      apiKey: values["api-key"] ?? env["TIDEMARK_API_KEY"],
      data: values.data === undefined ? undefined : resolve(values.data),
      sync,
      restored,
      broker,
      workers,
      grace: grace * 1000,
    };
  } catch (error) {
    throw error instanceof UsageError
      ? error
      : new UsageError(`${(error as Error).message}; try tidemark help`);
  }
}
