/** One run of the fuzzer: a server, strangers, and a good client beside them. */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedisServer } from "../lib/redis-server.js";
import { ATTACKS, type Target } from "./attacks.js";
import { Dice } from "./dice.js";
import { GoodClient, type Served } from "./good-client.js";
import type { Report, ServerOptions } from "./server.js";

export interface FuzzOptions {
  readonly broker: ServerOptions["broker"];
  readonly seconds: number;
  readonly seed: number;
  /** The URL of a file in the folder of the built server. */
  readonly built: string;
}

export interface Verdict {
  /** What must not have happened; each sort once. */
  readonly problems: readonly string[];
  readonly served: Served;
  /** What has happened, and how often. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Strangers at a time. */
const STRANGERS = 16;
/** Problems that are kept. */
const MOST_PROBLEMS = 50;

export async function fuzz({ broker, seconds, seed, built }: FuzzOptions): Promise<Verdict> {
  const redis = broker === "redis" ? await RedisServer.start() : undefined;
  const folder = broker === "local" ? mkdtempSync(join(tmpdir(), "tidemark-fuzz-")) : undefined;
  const options: ServerOptions = { broker, seed, at: redis?.url ?? folder ?? "" };
  const problems = new Set<string>();
  const counts: Record<string, number> = {};
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const note = (problem: string): void => {
    if (problems.size < MOST_PROBLEMS) problems.add(problem);
  };
  const child = fork(fileURLToPath(new URL("server.js", built)), [JSON.stringify(options)]);
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = true;
      resolve();
      if (!stopping) note(`the server ended with ${code ?? signal}`);
    });
  });
  let stopping = false;
  let ofServer: Readonly<Record<string, number>> = {};
  try {
    const at = await listening(child, note, (told) => (ofServer = told));
    const client = new GoodClient(`ws://127.0.0.1:${at.port}/connect`);
    const until = performance.now() + seconds * 1000;
    const target: Target = { ...at, count };
    const stranger = async (dice: Dice): Promise<void> => {
      while (performance.now() < until && !ended) await dice.of(ATTACKS)(dice, target);
    };
    await Promise.all(Array.from({ length: STRANGERS }, (_, i) => stranger(new Dice(seed * 1000 + i))));
    const served = await client.stop();
    for (const problem of served.problems) note(`the good client: ${problem}`);
    return { problems: [...problems], served, counts: { ...counts, ...ofServer } };
  } finally {
    stopping = true;
    child.kill("SIGKILL");
    await exited;
    await redis?.remove();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function listening(
  child: ChildProcess,
  note: (problem: string) => void,
  onCounts: (counts: Readonly<Record<string, number>>) => void,
): Promise<{ port: number; http2: number }> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    child.on("message", (message) => {
      const report = message as Report;
      if (report.is === "listening") resolve(report);
      else if (report.is === "failure") note(report.text);
      else onCounts(report.counts);
    });
  });
}
