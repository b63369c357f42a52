/** One load on one server: what it cost, and how long things took. */
import { Histogram, type Reading } from "tidemark/load";
import type { Contender } from "./contenders.js";
import type { Generator, JobSpec } from "./generator/main.js";
import type { Remote } from "./lib/remote.js";
import type { Usage } from "./lib/usage.js";

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
  const [before, usedBefore] = await Promise.all([generator.call("reading"), process.call("usage")]);
  await sleep(seconds);
  const [after, usedAfter] = await Promise.all([generator.call("reading"), process.call("usage")]);
  await generator.call("stop");
  // What was under way at the end counts too: it is what took longest.
  const all = await generator.call("reading");
  const rss = memory ? await process.call("settledRss") : 0;
  await generator.call("leave");
  return {
    ...compare(before, { ...after, latencies: all.latencies, slowest: all.slowest }, usedBefore, usedAfter),
    rss,
  };
}

function compare(
  before: Reading,
  after: Reading,
  usedBefore: Usage,
  usedAfter: Usage,
): Omit<Measured, "rss"> {
  const latencies = new Histogram();
  latencies.add(after.latencies, after.slowest);
  const done = after.deliveries - before.deliveries || after.answers - before.answers;
  const cpu = usedAfter.cpu - usedBefore.cpu;
  const time = after.at - before.at;
  return {
    cost: cpu / done,
    load: cpu / time,
    rate: (done / time) * 1e6,
    p50: latencies.quantile(0.5) / 1000,
    p99: latencies.quantile(0.99) / 1000,
    p999: latencies.quantile(0.999) / 1000,
    lost: after.lost,
  };
}
