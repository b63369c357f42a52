import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SCRIPT = join(import.meta.dirname, "child.mjs");

/** A process on a directory; see `child.mjs`. */
export class Child {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  errors = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout) createInterface(child.stdout).on("line", (line) => this.#heard(line));
    child.stderr?.on("data", (data: Buffer) => (this.errors += data.toString()));
    child.on("exit", () => this.#wake());
  }

  static async start(role: "writer" | "worker", dir: string, sync = "disk"): Promise<Child> {
    const child = new Child(spawn(process.execPath, [SCRIPT, role, dir, sync], { stdio: "pipe" }));
    await child.line("ready");
    return child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  do(task: string, ...args: unknown[]): void {
    this.#child.stdin?.write(`${JSON.stringify([task, ...args])}\n`);
  }

  /** The lines that begin with this word, as the words after it. */
  said(word: string): string[][] {
    return this.lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ").slice(1));
  }

  /** Resolves when it has said so many lines that begin with this word. */
  async line(word: string, count = 1): Promise<void> {
    while (this.lines.filter((line) => line.split(" ")[0] === word).length < count) {
      if (this.#child.exitCode !== null) throw new Error(`it ended before "${word}": ${this.errors}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill(signal);
    await exit;
  }

  #heard(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
