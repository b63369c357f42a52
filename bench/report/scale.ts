/**
 * The part of docs/benchmarks.md that a command of its own writes: very many connections. It stays as it is when
 * the rest of the page is written anew.
 */
import { digits } from "./format.js";
import { Section } from "./sections.js";

export interface ScaleRun {
  readonly count: number;
  readonly workers: number;
  /** Server CPU to accept a connection and its subscription, in microseconds. */
  readonly accept: number;
  /** How long it took to connect them all, in seconds. */
  readonly connecting: number;
  /** Resident memory of the workers, in bytes a connection. */
  readonly memory: number;
  /** How long they were held, in seconds. */
  readonly held: number;
  /** Share of a core that the workers used while nothing was published. */
  readonly idle: number;
  /** How long each publish took to reach the last connection, in milliseconds. */
  readonly reached: readonly number[];
  readonly delivered: number;
  readonly lost: number;
  readonly machine: readonly string[];
}

export const SCALE = new Section("npm run bench:connections");

/** Markdown, with the marks of {@link SCALE}. */
export function describeScale(run: ScaleRun): string {
  const { count, workers, reached, delivered, lost } = run;
  const sorted = reached.toSorted((a, b) => a - b);
  const wanted = count * reached.length;
  const rows: readonly (readonly [string, string])[] = [
    ["lost connections", lost.toLocaleString("en")],
    ["delivered", `${delivered.toLocaleString("en")} of ${wanted.toLocaleString("en")}`],
    ["one publish has reached all, median", `${digits(sorted[sorted.length >> 1] ?? NaN)} ms`],
    ["the slowest of them", `${digits(sorted.at(-1) ?? NaN)} ms`],
    ["resident memory of the workers, a connection", `${digits(run.memory / 1000)} KB`],
    ["worker CPU while nothing is published, pings every 25 s", `${digits(run.idle * 100)} % of a core`],
    ["worker CPU to accept and subscribe", `${digits(run.accept)} µs`],
    ["until all were connected", `${digits(run.connecting)} s`],
  ];
  return SCALE.mark([
    `## ${count.toLocaleString("en")} connections`,
    `\`npm run bench:connections -- --count ${count} --seconds ${run.held} --write\`: ${workers} workers share their logs on disk (nothing is forced to it), ${workers} processes hold the connections, ` +
      `all on one machine. Each connection subscribes to the same channel. They are held for ${run.held} s, then ${reached.length} messages are published one after the other.`,
    ["| | |", "| --- | ---: |", ...rows.map(([what, found]) => `| ${what} | ${found} |`)].join("\n"),
    run.machine.map((line) => `- ${line}`).join("\n"),
  ]);
}
