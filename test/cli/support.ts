/** The command as its users run it: a process, with what it prints. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");

export interface Running {
  /** Everything on standard output so far, and on standard error. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when standard output (or error) holds this; rejects when the process ends without it. */
  readonly says: (text: string | RegExp) => Promise<void>;
  readonly warns: (text: string | RegExp) => Promise<void>;
  readonly type: (text: string) => void;
  readonly endInput: () => void;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exit: Promise<number | null>;
}

/** Runs `tidemark …args` until it ends or the test does. */
export function tidemark(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill("SIGKILL"));
  const texts = { stdout: "", stderr: "" };
  const exit = once(child, "close").then(([code]) => code as number | null);
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (texts[name] += text));
  }

  async function saying(name: "stdout" | "stderr", text: string | RegExp): Promise<void> {
    const there = (): boolean =>
      typeof text === "string" ? texts[name].includes(text) : text.test(texts[name]);
    const ended = exit.then(() => "ended" as const);
    while (!there()) {
      if ((await Promise.race([once(child[name], "data"), ended])) === "ended" && !there()) {
        throw new Error(`it ended without saying ${String(text)}: ${texts.stdout}${texts.stderr}`);
      }
    }
  }

  return {
    out: () => texts.stdout,
    err: () => texts.stderr,
    says: (text) => saying("stdout", text),
    warns: (text) => saying("stderr", text),
    type: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
    exit,
  };
}
