/** What the system says of a process's first thread. */
import { readFileSync } from "node:fs";
import type { Processor } from "./stall-judge.js";

/** A hundredth of a second on every Linux that Node runs on, in milliseconds. */
const CLOCK_TICK_MS = 10;
/** Of the fields behind the name of a thread: its state, and its time in its own code and in the system's. */
const STATE = 0;
const USER_TIME = 11;
const SYSTEM_TIME = 12;

/** `undefined` where systems do not tell. */
export function processorOf(pid: number): Processor | undefined {
  try {
    return readProcessor(readFileSync(`/proc/self/task/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

/** Reads `/proc/…/stat`, see proc(5). */
export function readProcessor(stat: string): Processor | undefined {
  // The name, which may be anything, is in brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const spent = CLOCK_TICK_MS * (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]));
  if (!Number.isFinite(spent)) return undefined;
  switch (fields[STATE]) {
    case "R":
      return { is: "running", spent };
    case "T":
    case "t":
      return { is: "stopped", spent };
    default:
      return { is: "waiting", spent };
  }
}
