/** Tables whose rows are servers, or ways of using one, and whose columns are different figures. */
import { digits } from "./format.js";

export interface Column {
  readonly name: string;
  /** Stands behind each figure; empty for a count. */
  readonly unit: string;
}

export interface Grid {
  readonly columns: readonly Column[];
  readonly rows: readonly {
    readonly name: string;
    /** One for each column; what was not measured is NaN. */
    readonly values: readonly number[];
    /** How far rounds were apart in the first column. */
    readonly spread?: number;
  }[];
  /** Whole sentences that belong below it. */
  readonly notes?: readonly string[];
}

const SPREAD = "±";

export function gridText({ columns, rows, notes = [] }: Grid): string {
  const lines = cells({ columns, rows });
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  const texts = lines.map((line) =>
    line
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [...texts, ...notes].map((line) => `  ${line}`).join("\n");
}

export function gridMarkdown({ columns, rows, notes = [] }: Grid): string {
  const [head = [], ...body] = cells({ columns, rows });
  const row = (line: readonly string[]): string => `| ${line.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [[row(head), row(rule), ...body.map(row)].join("\n"), ...notes].join("\n\n");
}

function cells({ columns, rows }: Grid): string[][] {
  const withSpread = rows.some(({ spread = 0 }) => spread > 0);
  const last = (text: string): string[] => (withSpread ? [text] : []);
  return [
    ["", ...columns.map(({ name }) => name), ...last(SPREAD)],
    ...rows.map(({ name, values, spread }) => [
      name,
      ...columns.map(({ unit }, i) => shown(values[i], unit)),
      ...last(spread === undefined ? "" : `${Math.round(spread * 100)} %`),
    ]),
  ];
}

function shown(value: number | undefined, unit: string): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const text = unit === "" && Number.isInteger(value) ? value.toLocaleString("en") : digits(value);
  return unit === "" ? text : `${text} ${unit}`;
}
