/** Running `tidemark serve` processes, and clients of theirs. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import { connect, type Client } from "../../src/client/index.node.js";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

export function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "tidemark-workers-"));
  cleanUp.push(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A running `tidemark serve`. */
export class Server {
  /** Added to the environment of those that are started while it is set. */
  static env: NodeJS.ProcessEnv = {};
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  errors = "";
  #wake: () => void = () => {};

  constructor(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, "serve", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...Server.env },
    });
    this.child = child;
    this.exit = once(child, "exit").then(([code]) => code as number | null);
    createInterface(child.stdout).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    child.stderr.on("data", (data: Buffer) => {
      this.errors += data.toString();
      this.#wake();
    });
    child.on("exit", () => this.#wake());
    cleanUp.push(async () => {
      child.kill("SIGKILL");
      await this.exit;
    });
  }

  /** The pids of the workers so far, when there are so many. */
  async workers(count: number): Promise<number[]> {
    for (;;) {
      const pids = this.lines.flatMap((line) => /^ {2}worker (\d+)/.exec(line)?.[1] ?? []).map(Number);
      if (pids.length >= count) return pids;
      if (this.#isOver) throw new Error(`it ended: ${this.errors}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Resolves when standard error has this. */
  async says(text: string): Promise<void> {
    while (!this.errors.includes(text)) {
      if (this.#isOver) throw new Error(`it ended: ${this.errors}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  get #isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Resolves when none of these processes is there any more. */
  async gone(pids: readonly number[]): Promise<void> {
    while (pids.some(isThere)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  get url(): string {
    return /ws:\/\/\S+/.exec(this.lines.join("\n"))?.[0] ?? "";
  }

  get port(): string {
    return new URL(this.url).port;
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function serve(dir: string, port = "0"): Promise<Server> {
  const server = new Server("--port", port, "--data", dir, "--workers", "2");
  await server.workers(2);
  return server;
}

export function client(url: string): Client {
  const rt = connect(url, { backoff: { min: 20, max: 300 } });
  cleanUp.push(() => rt.close());
  return rt;
}

/** What a subscriber has heard, and a wait for more. */
export function listener(
  rt: Client,
  channel = "chat/general",
): { heard: string[]; gaps: unknown[]; has: (count: number) => Promise<void>; ready: Promise<unknown> } {
  const heard: string[] = [];
  const gaps: unknown[] = [];
  let wake = (): void => {};
  const stream = rt.stream(channel);
  const ready = new Promise((resolve) => stream.on("subscribed", resolve));
  stream.on("message", ({ data }) => {
    heard.push(data as string);
    wake();
  });
  stream.on("gap", (gap) => void gaps.push(gap));
  const has = async (count: number): Promise<void> => {
    while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { heard, gaps, has, ready };
}

export async function connected(url: string): Promise<{ socket: WebSocket; ok: { durability: string } }> {
  const socket = new WebSocket(url);
  cleanUp.push(() => socket.terminate());
  await once(socket, "open");
  socket.send('{"id":1,"connect":{}}');
  const [reply] = (await once(socket, "message")) as [Buffer];
  return { socket, ok: (JSON.parse(reply.toString()) as { ok: { durability: string } }).ok };
}
