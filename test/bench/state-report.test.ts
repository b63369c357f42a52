/** The part of docs/benchmarks.md about channels of keys and values. */
import { expect, test } from "vitest";
import { document } from "../../bench/report/document.js";
import { gridMarkdown, gridText, type Grid } from "../../bench/report/grid.js";
import { describeScale, SCALE } from "../../bench/report/scale.js";
import { describeState, STATE_SECTION } from "../../bench/report/state.js";
import {
  DEFLATED,
  SOCKET_IO,
  SOCKET_IO_EACH,
  TIDEMARK,
  UWS,
  type Way,
} from "../../bench/scenarios/state/contenders.js";
import { verdicts } from "../../bench/scenarios/state/market.js";
import { cost } from "../../bench/scenarios/state/per-change.js";
import { middleOf } from "../../bench/scenarios/state/rounds.js";
import type { Figures, Scenario } from "../../bench/scenario.js";

const grid: Grid = {
  columns: [
    { name: "server CPU", unit: "%" },
    { name: "maps made", unit: "" },
  ],
  rows: [
    { name: "Tidemark", values: [12.34, 4], spread: 0.05 },
    { name: "ws", values: [99, NaN], spread: 0.1 },
  ],
  notes: ["A note."],
};
const scenario: Scenario = {
  id: "state-market",
  part: "state",
  title: "A market",
  about: () => "Many keys.",
  run: async () => ({ rows: [] }),
};

test("a grid has a row a server and a column a figure; what was not measured has none", () => {
  expect(gridMarkdown(grid)).toBe(
    "|  | server CPU | maps made | ± |\n| --- | ---: | ---: | ---: |\n| Tidemark | 12.3 % | 4 | 5 % |\n| ws | 99.0 % | – | 10 % |\n\nA note.",
  );
  expect(gridText(grid)).toContain("Tidemark      12.3 %          4   5 %");
});

test("what was to be shown is judged by medians of the same run, in its own direction", () => {
  const figures = (cpu: number, bytes: number): Figures => ({ cpu, "all bytes": bytes });
  const all = new Map<Way, readonly Figures[]>([
    [TIDEMARK, [figures(0.12, 476_000), figures(0.13, 476_000), figures(0.2, 476_000)]],
    [DEFLATED, [figures(0.125, 100_000)]],
    [SOCKET_IO, [figures(0.16, 572_000)]],
    [UWS, [figures(0.11, 570_000)]],
  ]);
  const found = verdicts(middleOf(all));
  expect(found.map(({ reached }) => reached)).toEqual([true, true, true, false, false]);
  expect(found[0]?.found).toBeCloseTo(5.72);
  expect(found[3]?.found).toBeCloseTo(0.8125);
});

test("what a change costs is by those that reached viewers, where each is a message", () => {
  const each = { cpu: 1, changes: 1000, "all frames": 800 };
  const all = new Map<Way, readonly Figures[]>([
    [SOCKET_IO_EACH, [each]],
    [TIDEMARK, [{ ...each, cpu: 0.09, "all frames": 20 }]],
  ]);
  expect(cost(middleOf(all), SOCKET_IO_EACH)).toBeCloseTo(6.25);
  expect(cost(middleOf(all), TIDEMARK)).toBeCloseTo(0.45);
});

test("the part about state has its place, and is written anew without the rest", () => {
  const missed = { target: "CPU, at most", found: 0.9, limit: 0.8, unit: "×", reached: false };
  const findings = { rows: [], grids: [grid], verdicts: [missed] };
  const part = (quick: boolean) =>
    describeState({ quick, machine: ["a machine"], scenarios: [{ scenario, findings }] });
  const rest = document({ quick: false, machine: [], scenarios: [], verdicts: [], took: 1 });
  const page = STATE_SECTION.into(rest, part(true));
  expect(page).toContain("### A market");
  expect(page).toContain("**Provisional.**");
  expect(page).toContain("1 of 1 were missed");
  const again = STATE_SECTION.into(page, part(false));
  expect(again).not.toContain("Provisional");
  expect(again.match(/## Values that change/g)).toHaveLength(1);
  expect(STATE_SECTION.of(again)).toBe(part(false));
  // Beside another such part, neither takes the other's end for its own.
  const scale = describeScale({
    count: 1000,
    workers: 2,
    accept: 1,
    connecting: 1,
    memory: 1,
    held: 1,
    idle: 0,
    reached: [1],
    delivered: 1000,
    lost: 0,
    machine: [],
  });
  const both = SCALE.into(again, scale);
  expect([SCALE.of(both), STATE_SECTION.of(both)]).toEqual([scale, part(false)]);
});
