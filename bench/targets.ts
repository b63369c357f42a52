/** What the benchmark is to show. Nearly all are comparisons of figures of the same run; an absolute one stands beside what ws needs. */
import type { Name } from "./contenders.js";
import type { Findings } from "./scenario.js";
import type { Verdict } from "./verdict.js";

export type Results = ReadonlyMap<string, Findings>;

interface Target {
  readonly target: string;
  readonly limit: number;
  readonly unit: string;
  /** `undefined` where the scenario was not run. */
  readonly found: (figure: Figure) => number | undefined;
  readonly ws?: (figure: Figure) => number | undefined;
}

/** The figure of the row whose name begins so, of this scenario and server. */
type Figure = (scenario: string, row: string, name?: Name) => number | undefined;

const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;

const COST = "server CPU per delivery";

const TARGETS: readonly Target[] = [
  {
    target: "CPU per delivery, 500 × 32: Tidemark over uWebSockets.js, at most",
    limit: 1,
    unit: "×",
    found: (of) => ratio(of("fan-out-batched", COST), of("fan-out-batched", COST, "uWebSockets.js")),
  },
  {
    target: "CPU per delivery, 500 × 32: ws over Tidemark, at least",
    limit: -15,
    unit: "×",
    found: (of) => ratio(of("fan-out-batched", COST, "ws"), of("fan-out-batched", COST)),
  },
  {
    target: "CPU per delivery, 500 × 32: Socket.IO over Tidemark, at least",
    limit: -20,
    unit: "×",
    found: (of) => ratio(of("fan-out-batched", COST, "Socket.IO"), of("fan-out-batched", COST)),
  },
  {
    target: "CPU per delivery, 1,000 × 1: Tidemark over uWebSockets.js, at most (1.15 is the aim)",
    limit: 1.3,
    unit: "×",
    found: (of) => ratio(of("fan-out-single", COST), of("fan-out-single", COST, "uWebSockets.js")),
  },
  {
    target: "CPU per request, 1 under way: Tidemark over the bare ws echo, at most",
    limit: 1,
    unit: "×",
    found: (of) =>
      ratio(of("requests", "server CPU per request, 1"), of("requests", "server CPU per request, 1", "ws")),
  },
  {
    target: "CPU per request, 8 under way: Tidemark over the bare ws echo, at most",
    limit: 0.5,
    unit: "×",
    found: (of) =>
      ratio(of("requests", "server CPU per request, 8"), of("requests", "server CPU per request, 8", "ws")),
  },
  {
    target: "CPU to accept connection and subscription, at most",
    limit: 110,
    unit: "µs",
    found: (of) => of("connections", "server CPU to accept"),
    ws: (of) => of("connections", "server CPU to accept", "ws"),
  },
  {
    target: "memory per connection with one subscription, at most",
    limit: 5,
    unit: "KB",
    found: (of) => of("connections", "memory per connection"),
    ws: (of) => of("connections", "memory per connection", "ws"),
  },
  {
    target: "p99 of the others with 5 % slow readers, over p99 without, at most",
    limit: 1.2,
    unit: "×",
    found: (of) => of("slow-readers", "ratio"),
  },
  {
    target: "memory growth with slow readers, at most",
    limit: 64,
    unit: "MB",
    found: (of) => of("slow-readers", "memory growth"),
  },
];

/** The targets whose scenarios were run. */
export function judge(results: Results): Verdict[] {
  const figure: Figure = (scenario, row, name = "Tidemark") =>
    results.get(scenario)?.rows.find(({ what }) => what.startsWith(row))?.values[name];
  return TARGETS.flatMap(({ target, limit, unit, found: find, ws: ofWs }) => {
    const found = find(figure);
    if (found === undefined) return [];
    // A negative limit is the least, not the most.
    const reached = limit < 0 ? found >= -limit : found <= limit;
    const ws = ofWs?.(figure);
    return [{ target, found, limit: Math.abs(limit), unit, reached, ...(ws !== undefined && { ws }) }];
  });
}
