/** Real Redis servers for tests and benchmarks: on free ports, in temporary folders, stopped by their process. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { until } from "./wait.js";

/** Ports that nobody has just now. Several at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  const servers = [];
  while (ports.length < count) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    const address = server.address();
    if (address !== null && typeof address === "object") ports.push(address.port);
  }
  await Promise.all(servers.map(async (server) => once(server.close(), "close")));
  return ports;
}

export type Settings = Readonly<Record<string, string | number>>;

/** One process of redis-server, which can be stopped and started again in its folder. */
export class RedisServer {
  readonly port: number;
  readonly folder = mkdtempSync(join(tmpdir(), "tidemark-redis-"));
  readonly #settings: Settings;
  #process: ChildProcess | undefined;
  #admin: Redis | undefined;

  constructor(port: number, settings: Settings) {
    this.port = port;
    this.#settings = settings;
  }

  /** On a free port, without persistence unless the settings say so. */
  static async start(settings: Settings = {}): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const server = new RedisServer(port, settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** A connection for what a test does itself. */
  get admin(): Redis {
    if (this.#admin === undefined) {
      const options = { retryStrategy: () => 20, maxRetriesPerRequest: null };
      this.#admin = new Redis(this.port, "127.0.0.1", options);
      // That the server goes away is what is tried; the connection comes back by itself.
      this.#admin.on("error", () => {});
    }
    return this.#admin;
  }

  /**
   * Resolves when a replica holds all that this server has written until now. Nothing less says so: `state=online` is
   * where the server has sent its data, and what comes after flows only from the replica's next REPLCONF ACK on. On
   * a busy machine its first one comes too early to count, and the next a second later.
   */
  async replicated(): Promise<void> {
    await until("a replica to hold everything", async () => {
      // WAIT asks about what this connection wrote last. A PUBLISH is replicated, and changes nothing.
      await this.admin.publish("replicated", "");
      return (await this.admin.wait(1, 100)) === 1;
    });
  }

  async start(): Promise<void> {
    const all: Settings = {
      port: this.port,
      bind: "127.0.0.1",
      dir: this.folder,
      save: "",
      appendonly: "no",
      ...this.#settings,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    await this.run(args, /Ready to accept connections/);
  }

  /** Runs redis-server with these arguments; resolves when its log says what it is to say. */
  async run(args: readonly string[], ready: RegExp): Promise<void> {
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    let log = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        log += chunk.toString();
        if (ready.test(log)) resolve();
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`redis-server ended:\n${log}`)));
    });
  }

  /** Ends the process; the folder stays. SIGTERM saves what is set to be saved, SIGKILL nothing. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#admin?.disconnect();
    this.#admin = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Stops the process in its tracks, or lets it go on. */
  pause(isPaused: boolean): void {
    this.#process?.kill(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  /** Ends everything. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
