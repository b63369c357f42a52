/** The thread that watches: begun by `watchdog.ts`, and nothing imports it but for its types. */
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { OpenWriter, ThreadEntry, ThreadWriter } from "../../../../broker/index.js";
import { realClock } from "../../../../protocol/index.js";
import { guardedClock } from "../../../guard.js";
import { writeMark, writeState, type MarkState } from "./mark-file.js";
import { MainThread } from "./main-thread.js";
import { processorOf } from "./processor.js";
import { StepReader } from "./step-memory.js";
import { watchedOf, type WatchedReign } from "./steps.js";
import { WatchLoop, type Verdict } from "./watch-loop.js";

/** What it is given. */
export interface WatchData {
  readonly memory: SharedArrayBuffer;
  /** How long a step may stand still, in milliseconds. */
  readonly stall: number;
  readonly entry: ThreadEntry | undefined;
  /** The open mark file; undefined: nobody would read it. */
  readonly fd: number | undefined;
}

/** What shells say of a process that was killed. */
const KILLED = 137;

const { memory, stall, entry, fd } = workerData as WatchData;
const pid = process.pid;
// What fails in here must not end the process: that is for what the watched thread does.
const clock = guardedClock(realClock, () => {});

const loop = new WatchLoop({
  memory: new StepReader(memory),
  clock,
  stall,
  processor: () => processorOf(pid),
  open: entry === undefined ? undefined : () => openWriter(entry),
  note,
  where: async () => (await MainThread.connect())?.stop(),
  end: (verdict) => void end(verdict),
});
parentPort?.on("message", () => {
  loop.close();
  parentPort?.close();
});

async function openWriter({ module, data }: ThreadEntry): Promise<ThreadWriter> {
  const { openWriter: open } = (await import(module)) as { readonly openWriter: OpenWriter };
  return open(data);
}

function note(state: MarkState, reign: WatchedReign | undefined): void {
  if (fd === undefined) return;
  if (reign === undefined) writeState(fd, state);
  else writeMark(fd, state, watchedOf(reign).bytes);
}

/** The watched thread is the one that would write lines and end the process; and it stands still. */
async function end(verdict: Verdict): Promise<void> {
  const message =
    "a room stood still, and its process with it: the process ends, and its other rooms go on elsewhere";
  try {
    writeSync(2, `${JSON.stringify({ level: "error", message, ...verdict })}\n`);
  } catch {
    // Nobody reads it.
  }
  process.kill(pid, "SIGKILL");
  // Only the first process of a container is still there: the system keeps it from such signals.
  (await MainThread.connect())?.exit(KILLED);
}
