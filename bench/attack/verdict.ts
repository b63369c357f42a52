/** What an attack cost the others: what was measured, and what of it is too much. */
import { median } from "../lib/statistics.js";
import type { Attacked } from "./rows.js";
import type { Memory } from "./server.js";

/** One run of an attack. */
export interface Run {
  /** Milliseconds from a publish to its delivery, before and meanwhile. */
  readonly before: readonly number[];
  readonly meanwhile: readonly number[];
  /** What was refused to the good client, in words. */
  readonly refused: readonly string[];
  /** Milliseconds until each newcomer was online, from the attack's end on. */
  readonly newcomers: readonly number[];
  /** Bytes in use before, while the attack lasted, and when it should be forgotten. */
  readonly memory: readonly [before: Memory, meanwhile: Memory, after: Memory];
  /** Keys that Redis had before and afterwards. */
  readonly keys: readonly [before: number, after: number];
  /** What the server refused for a limit, by limit. */
  readonly counted: Readonly<Record<string, number>>;
  /** How much of a core the server took meanwhile, from 0 to 1; NaN where the system does not say. */
  readonly busy: number;
  /** The longest pause of the server for a collection of garbage meanwhile, in milliseconds. */
  readonly pause: number;
  /** How much of its pace the attack kept, from 0 to 1. */
  readonly pace: number;
}

export interface Verdict {
  readonly name: string;
  readonly what: string;
  readonly formula: string;
  readonly p99: readonly [before: number, meanwhile: number];
  readonly slowestNewcomer: number;
  /** Bytes above those before: the most that is allowed, meanwhile, and afterwards. */
  readonly memory: readonly [allowed: number, meanwhile: number, after: number];
  readonly counted: string;
  readonly busy: number;
  readonly pause: number;
  readonly pace: number;
  /** What is too much, in words; empty when all is well. */
  readonly problems: readonly string[];
  /** Why it is, where that is known. */
  readonly why: string | undefined;
}

const MB = 1024 * 1024;
/** Milliseconds that a newcomer may take, and how many of twenty may take longer. */
const NEWCOMER_MS = 5000;
const LATE_SHARE = 1 / 20;

export function judge(name: string, row: Attacked, runs: readonly Run[]): Verdict {
  const of = (measure: (run: Run) => number): number => median(runs.map(measure));
  const before = of((run) => quantile(run.before, 0.99));
  const meanwhile = of((run) => quantile(run.meanwhile, 0.99));
  const base = of(({ memory }) => used(memory[0]));
  const most = of(({ memory }) => used(memory[1])) - base;
  const after = of(({ memory }) => used(memory[2])) - base;
  const keys = of((run) => run.keys[1] - run.keys[0]);
  const late = of(({ newcomers }) => newcomers.filter((ms) => ms > NEWCOMER_MS).length);
  const newcomers = of((run) => run.newcomers.length);
  const allowedLatency = Math.max(3 * before, before + 20);
  const problems: string[] = [];
  if (meanwhile > allowedLatency)
    problems.push(`p99 ${meanwhile.toFixed(0)} ms, above ${allowedLatency.toFixed(0)}`);
  const refused = runs.flatMap((run) => run.refused);
  if (refused.length > 0) problems.push(`${refused.length} refused to the good client: ${refused[0]}`);
  if (late > newcomers * LATE_SHARE) problems.push(`${late} of ${newcomers} newcomers later than 5 s`);
  if (most > row.bound.bytes) problems.push(`${mb(most)} MB held, above ${mb(row.bound.bytes)}`);
  if (after > base * 0.1 + 8 * MB + (row.keeps ?? 0)) problems.push(`${mb(after)} MB held afterwards`);
  if (row.keys !== undefined && keys > row.keys)
    problems.push(`${keys} keys left in Redis, above ${row.keys}`);
  const counted = Object.entries(runs.at(-1)?.counted ?? {}).filter(([, count]) => count > 0);
  return {
    name,
    what: row.what,
    formula: row.bound.formula,
    p99: [before, meanwhile],
    slowestNewcomer: Math.max(0, ...runs.flatMap((run) => run.newcomers)),
    memory: [row.bound.bytes, most, after],
    counted: counted.map(([limit, count]) => `${limit} ${count.toLocaleString("en")}`).join(", "),
    busy: of((run) => run.busy),
    pause: of((run) => run.pause),
    pace: Math.min(...runs.map(({ pace }) => pace)),
    problems,
    why: row.why,
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function used({ heap, external }: Memory): number {
  return heap + external;
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(1);
}

export function table(verdicts: readonly Verdict[]): string {
  const header =
    "| attack | p99 before / meanwhile | server busy | longest collection | slowest newcomer | memory meanwhile, of at most | afterwards | refused | verdict |";
  const rows = verdicts.map(
    ({ what, p99, busy, pause, slowestNewcomer, memory, formula, counted, problems, why }) => {
      const cells = [
        what,
        `${p99[0].toFixed(0)} / ${p99[1].toFixed(0)} ms`,
        Number.isNaN(busy) ? "–" : `${(busy * 100).toFixed(0)}%`,
        `${pause.toFixed(0)} ms`,
        `${(slowestNewcomer / 1000).toFixed(2)} s`,
        `${mb(memory[1])} of ${mb(memory[0])} MB (${formula})`,
        `${mb(memory[2])} MB`,
        counted === "" ? "–" : counted,
        problems.length === 0 ? "holds" : `**${problems.join("; ")}**${why === undefined ? "" : `: ${why}`}`,
      ];
      return `| ${cells.join(" | ")} |`;
    },
  );
  return [header, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |", ...rows].join("\n");
}
