/** `tidemark serve --data DIR --workers 2`, all of it killed in mid-load and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { localBroker } from "tidemark/broker/local";
import { elapse } from "../lib/wait.js";
import { CHANNEL, tell, type Scene } from "./scene.js";
import { readTruth } from "./truth.js";
import { judge, longestPauses, type Row } from "./verdict.js";

const WORKERS = 2;

export async function allKilled(scene: Scene): Promise<Row> {
  const { clients, rate, seconds, say } = scene.settings;
  const data = join(scene.folder, "data");
  const server = await Server.start(scene, data, 0);
  for (let i = 0; i < 2; i++) await scene.crowd(`ws://127.0.0.1:${server.port}/connect`);
  await scene.publish();
  await elapse((seconds * 1000) / 3 + scene.random.float() * 1000);
  const killedAt = Date.now();
  await server.killAll();
  say("the primary and all workers are killed");
  const again = await Server.start(scene, data, server.port);
  say("they are back");
  await elapse((seconds * 1000) / 3);
  const behind = await scene.settle();
  const accounts = await scene.accounts();
  await again.stop();
  const broker = await localBroker({ dir: data });
  scene.onEnd(() => broker.close());
  const log = await readTruth(broker, CHANNEL, 0);
  const events = tell(accounts, log);
  const gaps = events.filter(({ is }) => is === "gap").length;
  return {
    fault: "the primary and all workers killed with -9 in mid-load, started again at once",
    settings: `\`--data DIR --workers ${WORKERS}\`, ${2 * clients} clients, ${2 * rate} messages a second`,
    ...judge({
      events,
      behind,
      mayLose: false,
      problems: gaps > 0 ? [`${gaps} gaps, although nothing was lost`] : [],
    }),
    recoveries: longestPauses(events, { from: killedAt, window: 15_000, only: () => true }),
  };
}

class Server {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #workers: number[];

  private constructor(child: ChildProcess, port: number, workers: number[]) {
    this.#child = child;
    this.port = port;
    this.#workers = workers;
  }

  /** Resolves when all workers take connections. */
  static async start(scene: Scene, data: string, port: number): Promise<Server> {
    const config = join(scene.folder, "channels.json");
    writeFileSync(
      config,
      JSON.stringify({ channels: { "chat/:id": { kind: "stream", retain: { count: 1_000_000 } } } }),
    );
    const main = fileURLToPath(new URL("../../../dist/cli/main.js", scene.settings.built));
    const args = [main, "serve", "--data", data, "--workers", `${WORKERS}`, "--port", `${port}`];
    const child = spawn(process.execPath, [...args, "--host", "127.0.0.1", "--config", config], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    scene.onEnd(() => void child.kill("SIGKILL"));
    const workers: number[] = [];
    let listening = 0;
    for await (const line of createInterface(child.stdout)) {
      listening = Number(/^Tidemark is at ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? listening);
      const worker = /^ {2}worker (\d+)/.exec(line)?.[1];
      if (worker !== undefined) workers.push(Number(worker));
      if (workers.length === WORKERS) {
        child.stdout.resume();
        return new Server(child, listening, workers);
      }
    }
    throw new Error("tidemark serve ended");
  }

  async killAll(): Promise<void> {
    const ended = once(this.#child, "exit");
    for (const pid of [this.#child.pid ?? 0, ...this.#workers]) process.kill(pid, "SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
