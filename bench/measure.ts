/** One load on one server: what it cost, and how long things took. */
import { Histogram, type Reading } from "tidemark/load";
import type { Contender } from "./contenders.js";
import type { Generator, JobSpec } from "./generator/main.js";
import type { Remote } from "./lib/remote.js";
import { cpuOf } from "./lib/usage.js";

export interface Measured {
  /** Server CPU per delivery, or per answer where there are only those, in microseconds. */
  readonly cost: number;
  /** Share of a core that the server used, 0 to 1. */
  readonly load: number;
  /** Deliveries (or answers) a second. */
  readonly rate: number;
  /** Latencies in milliseconds; 0 where none were taken. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The server's resident memory at the end, members still there, after a forced collection, in bytes; 0 where it was not asked for. */
  readonly rss: number;
  readonly lost: number;
}

export interface Durations {
  readonly warmUp: number;
  readonly seconds: number;
  /** Whether the server's memory is wanted, for which it is made to collect its garbage. */
  readonly memory?: boolean;
}

export const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Prepares the job, runs it, and measures `seconds` of it after `warmUp` seconds. */
export async function measure(
  { target, process }: Contender,
  generator: Remote<Generator>,
  spec: JobSpec,
  { warmUp, seconds, memory = false }: Durations,
): Promise<Measured> {
  await generator.call("prepare", { target, spec });
  await generator.call("run");
  await sleep(warmUp);
  await generator.call("forget");
  const [before, usedBefore] = await Promise.all([generator.call("reading"), cpu(process)]);
  await sleep(seconds);
  const [after, usedAfter] = await Promise.all([generator.call("reading"), cpu(process)]);
  await generator.call("stop");
  // What was under way at the end counts too: it is what took longest.
  const all = await generator.call("reading");
  const rss = memory ? await process.call("settledRss") : 0;
  await generator.call("leave");
  await idle(() => cpu(process));
  return {
    ...compare(before, { ...after, latencies: all.latencies, slowest: all.slowest }, usedBefore, usedAfter),
    rss,
  };
}

/** In microseconds. */
async function cpu(process: Contender["process"]): Promise<number> {
  return cpuOf(process.pid) ?? (await process.call("usage")).cpu;
}

/** How long a server may take for what it was given and nobody waits for any more, in milliseconds. */
const MOST_AFTERWARDS_MS = 20_000;

/** Resolves when a server has little to do, of whose processor time in microseconds it is told: the next one is not to be measured beside it. */
export async function idle(cpuNow: () => Promise<number>): Promise<void> {
  const end = performance.now() + MOST_AFTERWARDS_MS;
  let before = await cpuNow();
  while (performance.now() < end) {
    await sleep(0.1);
    const now = await cpuNow();
    if (now - before < 20_000) return;
    before = now;
  }
}

function compare(
  before: Reading,
  after: Reading,
  usedBefore: number,
  usedAfter: number,
): Omit<Measured, "rss"> {
  const latencies = new Histogram();
  latencies.add(after.latencies, after.slowest);
  const done = after.deliveries - before.deliveries || after.answers - before.answers;
  const used = usedAfter - usedBefore;
  const time = after.at - before.at;
  return {
    cost: used / done,
    load: used / time,
    rate: (done / time) * 1e6,
    p50: latencies.quantile(0.5) / 1000,
    p99: latencies.quantile(0.99) / 1000,
    p999: latencies.quantile(0.999) / 1000,
    lost: after.lost,
  };
}
