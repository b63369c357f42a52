/** What a scenario of the benchmark is, and the rounds that most of them consist of. */
import { FLOOR, NAMES, start, type Contender, type Name, type Runner } from "./contenders.js";
import type { Generator, JobSpec } from "./generator/main.js";
import type { Remote } from "./lib/remote.js";
import { median, spread } from "./lib/statistics.js";
import { measure } from "./measure.js";
import type { Unit } from "./report/format.js";
import type { Grid } from "./report/grid.js";
import type { Verdict } from "./verdict.js";

export interface Context {
  /** A quick run: fewer rounds, shorter, with fewer connections. For trying it out, not for figures to quote. */
  readonly quick: boolean;
  readonly generator: Remote<Generator>;
  /** Says what is being done. */
  readonly say: (line: string) => void;
}

/** One row of a table: the same figure for each server. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  readonly values: Readonly<Partial<Record<Name, number>>>;
  /** How far rounds were apart, at most: half the range, relative to the median. */
  readonly spread?: number;
}

/** A figure that grows with something. */
export interface Curve {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly number[];
  readonly series: Readonly<Partial<Record<Name, readonly number[]>>>;
}

export interface Findings {
  readonly rows: readonly Row[];
  /** Which row is drawn; the first one unless said. */
  readonly drawn?: string;
  readonly curves?: readonly Curve[];
  /** What does not fit into rows of one figure each. */
  readonly grids?: readonly Grid[];
  /** What it was to show, where it judges that by itself. */
  readonly verdicts?: readonly Verdict[];
}

export interface Scenario {
  readonly id: string;
  /** The part of the page that it belongs to, which can be written by itself. */
  readonly part?: "state";
  readonly title: string;
  /** What is done, for the reader of the report: whole sentences. */
  readonly about: (quick: boolean) => string;
  run(context: Context): Promise<Findings>;
}

/** Figures of one round, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Medians of all rounds, by figure and server, and how far apart rounds were. */
export interface Medians {
  /** A row of the table; the figure is multiplied by `factor`. */
  row(what: string, figure: string, unit: Row["unit"], factor?: number): Row;
  value(figure: string, name: Runner): number;
}

/** How the rounds of a scenario go. */
interface Plan {
  readonly title: string;
  readonly rounds: number;
  /** What servers are warmed up with before the first round, if by anything; a quick run does without. */
  readonly warmUp?: JobSpec;
  /** For how many seconds; 1.2 unless given. */
  readonly warmUpFor?: number;
  /** Whether clients that come back get what they missed, on a server that does that only when it is told to. */
  readonly recover?: boolean;
  /** Whether the floor is measured too. */
  readonly floor?: boolean;
}

/** For loads that are too light to warm servers up: code that has not run often enough is not compiled yet. */
export const WARM_UP = {
  job: "closed loop",
  channel: "bench/warm-up",
  subscribers: 50,
  inFlight: 8,
  payload: 64,
} as const;

/** By then all that a load needs is compiled: the compiler's work counts as the server's, and a round is not long. */
export const COMPILED = 4;

/** Runs `round` for each server in turn, so many times; the servers run all the while. */
export async function interleave(
  context: Context,
  { title, rounds, warmUp, warmUpFor = 1.2, recover = false, floor = false }: Plan,
  round: (contender: Contender) => Promise<Figures>,
): Promise<Medians> {
  const { generator, quick } = context;
  const contenders = new Map<Runner, Contender>();
  const runners: readonly Runner[] = floor ? [...NAMES, FLOOR] : NAMES;
  try {
    for (const name of runners) {
      const contender = await start(name, { recover });
      contenders.set(name, contender);
      if (warmUp !== undefined && !quick)
        await measure(contender, generator, warmUp, { warmUp: warmUpFor, seconds: 0.1 });
    }
    const one = (name: Runner): Promise<Figures> => round(contenders.get(name) as Contender);
    return await takeTurns(context, { title, rounds, runners }, one);
  } finally {
    await Promise.all(Array.from(contenders.values(), ({ process }) => process.stop()));
  }
}

/** Runs `round` for each server in turn, so many times; the one that is first changes from round to round. */
export async function takeTurns<Each extends Runner = Name>(
  { say }: Context,
  {
    title,
    rounds,
    runners,
  }: { readonly title: string; readonly rounds: number; readonly runners: readonly Each[] },
  round: (name: Each, index: number) => Promise<Figures>,
): Promise<Medians> {
  const all = new Map<Runner, Figures[]>(runners.map((name) => [name, []]));
  for (let i = 0; i < rounds; i++) {
    for (let j = 0; j < runners.length; j++) {
      const name = runners[(i + j) % runners.length] as Each;
      say(`${title}: round ${i + 1} of ${rounds}, ${name}`);
      all.get(name)?.push(await round(name, i));
    }
  }
  return mediansOf(all);
}

export function mediansOf(all: ReadonlyMap<Runner, readonly Figures[]>): Medians {
  // What a server could not do has no figure, or one that is not a number.
  const list = (figure: string, name: Runner): number[] =>
    (all.get(name) ?? []).map((figures) => figures[figure] ?? NaN).filter(Number.isFinite);
  return {
    value: (figure, name) => median(list(figure, name)),
    row: (what, figure, unit, factor = 1) => {
      const names = NAMES.filter((name) => list(figure, name).length > 0);
      const values = Object.fromEntries(names.map((name) => [name, median(list(figure, name)) * factor]));
      return { what, unit, values, spread: Math.max(0, ...names.map((name) => spread(list(figure, name)))) };
    },
  };
}
