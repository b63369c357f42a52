/** The table of a run, for the terminal and for docs/reliability.md. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./verdict.js";

const BEGIN = "<!-- faults -->";
const END = "<!-- /faults -->";

export function table(rows: readonly Row[]): string {
  const header = "| fault | acknowledged | lost | duplicated | undeclared gaps | recovery p50 / p99 |";
  const lines = rows.map((row) => {
    const { fault, settings, acknowledged, lost, duplicated, undeclared, recoveries } = row;
    const recovery = `${seconds(quantile(recoveries, 0.5))} / ${seconds(quantile(recoveries, 0.99))} s`;
    return `| ${fault} (${settings}) | ${acknowledged.toLocaleString("en")} | ${lost} | ${duplicated} | ${undeclared} | ${recovery} |`;
  });
  return [header, "| --- | --- | --- | --- | --- | --- |", ...lines].join("\n");
}

/** Puts text between the markers of a page. */
export function writeBetweenMarkers(file: string, text: string): void {
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${BEGIN} … ${END}`);
  writeFileSync(file, `${page.slice(0, from + BEGIN.length)}\n${text}\n${page.slice(to)}`);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
