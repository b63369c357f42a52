/** `tidemark serve --data DIR --workers 2`, whose processes can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Scene } from "./scene.js";

export const WORKERS = 2;

export class ServerOnDisk {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #workers: number[];

  private constructor(child: ChildProcess, port: number, workers: number[]) {
    this.#child = child;
    this.port = port;
    this.#workers = workers;
  }

  /** Resolves when all workers take connections. */
  static async start(scene: Scene, data: string, port: number): Promise<ServerOnDisk> {
    const config = join(scene.folder, "channels.json");
    writeFileSync(
      config,
      JSON.stringify({
        channels: {
          "chat/:id": { kind: "stream", retain: { count: 1_000_000 } },
          "keys/:id": { kind: "state" },
        },
      }),
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
        return new ServerOnDisk(child, listening, workers);
      }
    }
    throw new Error("tidemark serve ended");
  }

  async killAll(): Promise<void> {
    const ended = once(this.#child, "exit");
    for (const pid of [this.#child.pid ?? 0, ...this.#workers]) process.kill(pid, "SIGKILL");
    await ended;
  }

  /** One of the workers; another one takes its place. */
  killWorker(): void {
    process.kill(this.#workers[0] ?? 0, "SIGKILL");
  }

  /** The process that writes the disk; its workers end with it. */
  async killWriter(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}
