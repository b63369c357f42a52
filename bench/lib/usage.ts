/** What a process costs, as it says itself or the system says of it. */
import { readFileSync, readdirSync } from "node:fs";

export interface Usage {
  /** Time on a processor since the start, of all threads, in microseconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly rss: number;
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, rss: process.memoryUsage.rss() };
}

/**
 * Time on a processor of another process and all its threads, in microseconds; `undefined` where the system does not
 * say. A server that has more to do than it can is asked in vain: its answer would come when all is done.
 */
export function cpuOf(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const run = threads.map((id) =>
      Number.parseInt(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8"), 10),
    );
    return run.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1000;
  } catch {
    return undefined;
  }
}

/** Resident memory in bytes after a full collection. Needs `--expose-gc`. */
export function settledRss(): number {
  if (globalThis.gc === undefined) throw new Error("start this process with --expose-gc");
  // What the first one frees through finalizers goes with the second.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}

/** Resident memory of another process in bytes; `undefined` where the system does not say. */
export function rssOf(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
