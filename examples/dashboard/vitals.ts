/** How this process is doing. */
import { monitorEventLoopDelay } from "node:perf_hooks";

export interface Vitals {
  /** Of one core, in per cent. */
  readonly cpu: number;
  /** How late the event loop was, but for one time in a hundred, in milliseconds. */
  readonly delay: number;
  /** Resident, in MiB. */
  readonly memory: number;
  readonly connections: number;
  /** Changes that this process has made in its channels, a second. */
  readonly changes: number;
}

const RESOLUTION_MS = 5;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let before = process.cpuUsage();

/** How it was in the seconds since the last call. */
export function vitals(seconds: number): Omit<Vitals, "connections" | "changes"> {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  const delay = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS);
  delays.enable();
  delays.reset();
  const memory = process.memoryUsage.rss() / 2 ** 20;
  return { cpu: tenths((user + system) / 1e4 / seconds), delay: tenths(delay), memory: tenths(memory) };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
