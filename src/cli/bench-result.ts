/** What `tidemark bench` found, as lines to paste. */
import { availableParallelism } from "node:os";
import { Histogram, type Refusal } from "../load/index.js";
import { printable } from "./output.js";

/** What is to be done, as it was asked for. */
export interface BenchPlan {
  readonly url: string;
  readonly channel: string;
  readonly subscribers: number;
  readonly publishers: number;
  /** Messages a second, or how many are under way at any time. */
  readonly load: { readonly rate: number } | { readonly inFlight: number };
  readonly seconds: number;
  readonly warmUp: number;
  /** Bytes of a message. */
  readonly payload: number;
}

export interface BenchResult {
  readonly plan: BenchPlan;
  /** Until all were subscribed, in seconds. */
  readonly connecting: number;
  /** Whether it was ended early. */
  readonly stopped: boolean;
  /** Deliveries a second, while it was measured. */
  readonly rate: number;
  /** Share of a core that this process used meanwhile. */
  readonly generator: number;
  /** Deliveries in all, warming up included, and how many there should be. */
  readonly delivered: number;
  readonly expected: number;
  readonly lost: number;
  readonly failure?: Refusal;
  /** What a `Histogram` adds, in microseconds. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
  readonly slowest: number;
}

/** Above this share of a core the generator is what is measured. */
const BUSY = 0.8;

export function describe(result: BenchResult): string {
  const { plan, rate, delivered, expected, lost, failure, generator } = result;
  const { subscribers, publishers, load, payload, channel } = plan;
  const how =
    "rate" in load
      ? `${count(load.rate)} messages a second of ${payload} bytes from ${publishers} publishers`
      : `${load.inFlight} messages of ${payload} bytes in flight`;
  const rows: [string, string][] = [
    ["load", `${count(subscribers)} subscribers of ${printable(channel)}, ${how}, ${plan.seconds} s`],
    ["connected", `all within ${result.connecting.toFixed(2)} s`],
    ["latency", latency(result)],
    ["deliveries", `${count(rate)} a second; ${count(delivered)} of ${count(expected)} arrived`],
    [
      "generator",
      `${Math.round(generator * 100)} % of a core${generator > BUSY ? ": too busy, latencies are its own" : ""}`,
    ],
    ["measured", `Node.js ${process.version} on ${process.platform}, ${availableParallelism()} cores`],
  ];
  if (lost > 0)
    rows.push(["LOST", `${count(lost)} connections, first: ${printable(failure?.message ?? "unknown")}`]);
  if (delivered > expected) rows.push(["note", "others publish on this channel too"]);
  if (result.stopped) rows.push(["note", "ended early by ^C"]);
  return [`tidemark bench ${plan.url}`, ...rows.map(([what, found]) => `  ${what.padEnd(12)}${found}`)].join(
    "\n",
  );
}

function latency({ latencies, slowest }: BenchResult): string {
  const histogram = new Histogram();
  histogram.add(latencies, slowest);
  if (histogram.total === 0) return "nothing arrived";
  const at = (share: number): string => `${(histogram.quantile(share) / 1000).toFixed(2)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, slowest ${at(1)}`;
}

const count = (value: number): string => Math.round(value).toLocaleString("en");
