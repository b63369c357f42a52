import { expect, test } from "vitest";
import { document } from "../../bench/report/document.js";
import { digits, withUnit } from "../../bench/report/format.js";
import { bars, lines } from "../../bench/report/plots.js";
import { mediansOf, type Findings } from "../../bench/scenario.js";
import { describeScale, SCALE } from "../../bench/report/scale.js";
import { judge } from "../../bench/targets.js";

const COST = { Tidemark: 0.2, "uWebSockets.js": 0.2, ws: 4, "Socket.IO": 3.9 };
const findings: Findings = {
  rows: [{ what: "server CPU per delivery", unit: "µs", values: COST, spread: 0.1 }],
};
const scenario = {
  id: "fan-out-batched",
  title: "Fan-out",
  about: () => "Many & more.",
  run: async () => findings,
};

test("figures have about three digits, and what was not measured has none", () => {
  expect([0.1234, 1.234, 12.34, 123.4, 12_345].map(digits)).toEqual([
    "0.123",
    "1.23",
    "12.3",
    "123",
    "12,345",
  ]);
  expect([withUnit(undefined, "ms"), withUnit(Infinity, "ms"), withUnit(12.34, "%")]).toEqual([
    "–",
    "–",
    "12 %",
  ]);
});

test("targets compare figures of one run; at most and at least are told apart", () => {
  const verdicts = judge(new Map([[scenario.id, findings]]));
  expect(verdicts.map(({ found, limit, reached }) => [Number(found.toFixed(2)), limit, reached])).toEqual([
    [1, 1, true],
    [20, 15, true],
    [19.5, 20, false],
  ]);
});

test("medians are taken figure by figure and server by server", () => {
  const medians = mediansOf(
    new Map([
      ["ws", [{ cost: 3 }, { cost: 1 }, { cost: 2 }]],
      ["Tidemark", [{ cost: 1 }, { cost: 2 }]],
    ]),
  );
  expect(medians.row("it", "cost", "µs", 10).values).toEqual({ ws: 20, Tidemark: 15 });
  expect(medians.row("it", "other", "µs").values).toEqual({});
});

test("rounds that agree are not apart, whatever their median", () => {
  const medians = mediansOf(new Map([["ws", [{ resumed: 0 }, { resumed: 0 }]]]));
  expect(medians.row("it", "resumed", "%")).toMatchObject({ values: { ws: 0 }, spread: 0 });
  expect(
    mediansOf(new Map([["ws", [{ grown: -2 }, { grown: -4 }]]])).row("it", "grown", "MB").spread,
  ).toBeCloseTo(1 / 3);
});

test("an absolute target stands beside what ws needs in the same run", () => {
  const accept = { Tidemark: 220, "uWebSockets.js": 50, ws: 200, "Socket.IO": 500 };
  const connections: Findings = {
    rows: [{ what: "server CPU to accept and subscribe", unit: "µs", values: accept }],
  };
  const verdicts = judge(new Map([["connections", connections]]));
  expect(verdicts).toMatchObject([{ found: 220, limit: 110, ws: 200, reached: false }]);
  const page = document({ quick: false, machine: [], scenarios: [], verdicts, took: 1 });
  expect(page).toContain("| 110 µs | 220 µs | 1.10 × (200 µs) | **missed** ([why](performance.md#");
});

test("the page says what was missed, and that a quick run is provisional", () => {
  const page = document({
    quick: true,
    machine: ["a machine"],
    scenarios: [{ scenario, findings, plots: ["benchmarks/fan-out.svg"] }],
    verdicts: judge(new Map([[scenario.id, findings]])),
    took: 1,
  });
  expect(page).toContain("**Provisional.**");
  expect(page).toContain("1 of 3 targets were missed");
  expect(page).toContain("| server CPU per delivery | 0.200 µs | 0.200 µs | 4.00 µs | 3.90 µs | 10 % |");
  expect(page).toContain("![Fan-out](benchmarks/fan-out.svg)");
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("plots are well-formed and have a place for every server", () => {
  const [row] = findings.rows;
  const plots = [
    ...(row === undefined ? [] : [bars("Fan-out", row)]),
    lines({
      title: "Growth",
      x: "n",
      y: "µs",
      points: [10, 100],
      series: { ws: [4, 5], Tidemark: [1, NaN] },
    }),
  ];
  expect(plots).toHaveLength(2);
  for (const plot of plots) {
    expect(plot).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(plot).toContain("prefers-color-scheme:dark");
    expect(plot).toContain("Tidemark");
    expect(plot).not.toMatch(/NaN|undefined|Infinity/);
  }
});

test("the part about very many connections has its place, and outlives the rest of the page", () => {
  const run = {
    count: 100_000,
    workers: 6,
    accept: 210,
    connecting: 40,
    memory: 9500,
    held: 60,
    idle: 0.25,
    reached: [900, 700, 800],
    delivered: 300_000,
    lost: 0,
    machine: ["a machine"],
  };
  const part = { quick: false, machine: [], scenarios: [], verdicts: [], took: 1 };
  const page = SCALE.into(document(part), describeScale(run));
  expect(page).toContain("## 100,000 connections");
  expect(page).toContain("| one publish has reached all, median | 800 ms |");
  expect(page).toContain("| delivered | 300,000 of 300,000 |");
  const anew = SCALE.into(document(part), SCALE.of(page) ?? "");
  expect(anew).toBe(page);
  const again = SCALE.into(page, describeScale({ ...run, reached: [950] }));
  expect(again).not.toContain("800 ms");
  expect(again.match(/## 100,000/g)).toHaveLength(1);
});
