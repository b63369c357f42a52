/** The table of a run, for the terminal and for docs/reliability.md. */
import type { Row } from "./verdict.js";

export function table(rows: readonly Row[]): string {
  const header = "| fault | acknowledged | lost | duplicated | undeclared gaps | recovery p50 / p99 |";
  const lines = rows.map((row) => {
    const { fault, settings, acknowledged, lost, duplicated, undeclared, recoveries } = row;
    const recovery = `${seconds(quantile(recoveries, 0.5))} / ${seconds(quantile(recoveries, 0.99))} s`;
    return `| ${fault} (${settings}) | ${acknowledged.toLocaleString("en")} | ${lost} | ${duplicated} | ${undeclared} | ${recovery} |`;
  });
  return [header, "| --- | --- | --- | --- | --- | --- |", ...lines].join("\n");
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
