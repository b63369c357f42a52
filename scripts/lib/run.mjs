// Runs commands, and says it in plain words when one fails.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A failure that needs no stack trace: its message says what happened and what to do. */
export class Failure extends Error {}

/** The path of a command that a package in node_modules brings along. */
export const tool = (name) => join(root, "node_modules", ".bin", name);

/** Runs `work` as the whole of a script; its result is the exit code. */
export async function main(name, work) {
  try {
    process.exitCode = (await work()) ?? process.exitCode;
  } catch (error) {
    console.error(`\n${name}: ${error instanceof Failure ? error.message : error.stack}`);
    process.exitCode = 1;
  }
}

/**
 * Runs a command in the repository's root, with our own input and output; resolves to its exit code. `started` is given the
 * process.
 */
export function run(command, args, env = {}, started = () => {}) {
  const child = start(command, args, { stdio: "inherit", env });
  started(child);
  return finished(child);
}

/** The same, quietly: resolves to the exit code and all that the command printed. */
export async function capture(command, args, env = {}) {
  const child = start(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const chunks = [];
  child.stdout.on("data", (chunk) => chunks.push(chunk));
  child.stderr.on("data", (chunk) => chunks.push(chunk));
  const code = await finished(child);
  return { code, output: Buffer.concat(chunks).toString() };
}

function start(command, args, { stdio, env }) {
  // Only cmd.exe can start the .cmd files that npm installs on Windows.
  const shell = process.platform === "win32" && command !== process.execPath;
  return spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio, shell });
}

/** Waits for the child. A signal to us goes to the child first, and then ends us too. */
function finished(child) {
  return new Promise((resolve, reject) => {
    let received;
    const forward = (signal) => {
      received = signal;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const each of signals) process.off(each, forward);
      const cause = received ?? signal;
      if (cause !== null) process.exit(128 + constants.signals[cause]);
      resolve(code);
    });
  });
}
