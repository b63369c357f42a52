import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect, type Client } from "../../src/client/index.node.js";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "tidemark-workers-"));
  cleanUp.push(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A running `tidemark serve`. */
class Server {
  readonly lines: string[] = [];
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  errors = "";
  #wake: () => void = () => {};

  constructor(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, "serve", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    this.exit = once(child, "exit").then(([code]) => code as number | null);
    createInterface(child.stdout).on("line", (line) => {
      this.lines.push(line);
      this.#wake();
    });
    child.stderr.on("data", (data: Buffer) => (this.errors += data.toString()));
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
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.errors}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  get url(): string {
    return /ws:\/\/\S+/.exec(this.lines.join("\n"))?.[0] ?? "";
  }

  get port(): string {
    return new URL(this.url).port;
  }
}

async function serve(dir: string, port = "0"): Promise<Server> {
  const server = new Server("--port", port, "--data", dir, "--workers", "2");
  await server.workers(2);
  return server;
}

function client(url: string): Client {
  const rt = connect(url, { backoff: { min: 20, max: 300 } });
  cleanUp.push(() => rt.close());
  return rt;
}

/** What a subscriber has heard, and a wait for more. */
function listener(
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

async function connected(url: string): Promise<{ socket: WebSocket; ok: { durability: string } }> {
  const socket = new WebSocket(url);
  cleanUp.push(() => socket.terminate());
  await once(socket, "open");
  socket.send('{"id":1,"connect":{}}');
  const [reply] = (await once(socket, "message")) as [Buffer];
  return { socket, ok: (JSON.parse(reply.toString()) as { ok: { durability: string } }).ok };
}

describe("tidemark serve --workers 2", () => {
  test("answers on one port from both, says that its logs are on the disk, and drains on SIGTERM", async () => {
    const server = await serve(folder());
    const clients = await Promise.all(Array.from({ length: 4 }, () => connected(server.url)));
    expect(clients.map(({ ok }) => ok.durability)).toEqual(["disk", "disk", "disk", "disk"]);
    const closes = clients.map(({ socket }) => once(socket, "close"));
    server.child.kill("SIGTERM");
    expect((await Promise.all(closes)).map(([code]) => code as number)).toEqual([4000, 4000, 4000, 4000]);
    expect(await server.exit).toBe(0);
    expect(server.errors).toBe("");
  });

  test("delivers to clients of all workers in one order, and loses nothing when a worker is killed", async () => {
    const server = await serve(folder());
    const [first = 0] = await server.workers(2);
    const subscribers = Array.from({ length: 8 }, () => listener(client(server.url)));
    await Promise.all(subscribers.map(({ ready }) => ready));
    const publishers = [client(server.url), client(server.url), client(server.url)].map((rt) =>
      rt.stream("chat/general"),
    );
    const published: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) {
      for (const [p, stream] of publishers.entries()) published.push(stream.publish(`${p} ${i}`));
      if (i === 100) process.kill(first, "SIGKILL");
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(published);
    await Promise.all(subscribers.map(({ has }) => has(900)));
    const [order] = subscribers.map(({ heard }) => heard);
    expect(new Set(order).size).toBe(900);
    for (const { heard, gaps } of subscribers) expect([heard, gaps]).toEqual([order, []]);
    for (const p of [0, 1, 2]) {
      const own = order?.filter((data) => data.startsWith(`${p} `));
      expect(own).toEqual(Array.from({ length: 300 }, (_, i) => `${p} ${i}`));
    }
    // Another one has taken its place.
    await server.workers(3);
    expect(server.errors).toContain("another one starts in 100 ms");
  });

  test("finds everything acknowledged again when all of it was killed, and clients go on by themselves", async () => {
    const dir = folder();
    const before = await serve(dir);
    const { port } = before;
    const subscriber = listener(client(before.url));
    await subscriber.ready;
    const stream = client(before.url).stream("chat/general");
    const published = Array.from({ length: 200 }, (_, i) => stream.publish(`${i}`));
    await subscriber.has(20);
    const workers = await before.workers(2);
    for (const pid of [before.child.pid ?? 0, ...workers]) process.kill(pid, "SIGKILL");
    await before.exit;
    await serve(dir, port);
    await Promise.all(published);
    await subscriber.has(200);
    expect(subscriber.heard).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    expect(subscriber.gaps).toEqual([]);
  });

  test("is refused where another one writes, and where the port is taken", async () => {
    const dir = folder();
    const running = await serve(dir);
    const same = new Server("--port", "0", "--data", dir, "--workers", "2");
    expect(await same.exit).toBe(2);
    expect(same.errors).toContain(`process ${running.child.pid} writes ${dir} already`);
    const taken = new Server("--port", running.port, "--data", folder(), "--workers", "2");
    expect(await taken.exit).toBe(2);
    expect(taken.errors.match(/is taken/g)).toHaveLength(1);
  });
});

test("one process keeps its logs too, and stops on SIGINT", async () => {
  const dir = folder();
  for (const last of [0, 1]) {
    const server = new Server("--port", "0", "--data", dir, "--sync", "none");
    while (server.url === "") await once(server.child.stdout ?? server.child, "data");
    const rt = client(server.url);
    const stream = rt.stream("chat/general");
    const messages: readonly unknown[] = (await stream.history({ limit: 10 })).messages;
    expect(messages).toHaveLength(last);
    await stream.publish("hello");
    rt.close();
    server.child.kill("SIGINT");
    expect(await server.exit).toBe(0);
  }
});

test.each([
  [["--workers", "2"], "--workers needs --data"],
  [["--workers", "many"], "--workers takes a number"],
  [["--data", "/dev/null/logs"], "cannot keep logs in /dev/null/logs"],
  [["--data", "x", "--sync", "maybe"], "--sync takes"],
])("%j is a mistake, and is said to be one", async (args, message) => {
  const server = new Server("--port", "0", ...args);
  expect(await server.exit).toBe(2);
  expect(server.errors).toContain(message);
});
