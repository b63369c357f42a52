/** What a process costs, as it says itself. */

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

/** Resident memory in bytes after a full collection. Needs `--expose-gc`. */
export function settledRss(): number {
  if (globalThis.gc === undefined) throw new Error("start this process with --expose-gc");
  // What the first one frees through finalizers goes with the second.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}
