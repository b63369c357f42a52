import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SCRIPT = join(import.meta.dirname, "many.mjs");

/** A process that writes all these directories, each step in all of them; see `many.mjs`. */
export class Many {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  constructor(dirs: readonly string[]) {
    this.#child = spawn(process.execPath, [SCRIPT, ...dirs], { stdio: "pipe" });
    this.#child.stderr.on("data", (data: Buffer) => (this.#errors += data.toString()));
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Resolves when all of them are done. */
  async do(...steps: readonly string[]): Promise<void> {
    for (const step of steps) {
      this.#child.stdin.write(`${step}\n`);
      await this.#line();
    }
  }

  ready(): Promise<void> {
    return this.#line();
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  async #line(): Promise<void> {
    const { done } = await this.#lines.next();
    if (done === true) throw new Error(`it ended: ${this.#errors}`);
  }
}
