import { NAMES } from "../contenders.js";
import type { Findings } from "../scenario.js";
import type { Verdict } from "../verdict.js";
import { digits, withUnit } from "./format.js";
import { gridText } from "./grid.js";

/** A scenario's table, for people at a terminal. */
export function table(title: string, { rows, grids = [] }: Findings): string {
  if (rows.length === 0) return [`\n${title}`, ...grids.map(gridText)].join("\n\n");
  const width = Math.max(...rows.map(({ what }) => what.length)) + 2;
  const lines = rows.map(({ what, unit, values, spread = 0 }) => {
    const cells = NAMES.map((name) => withUnit(values[name], unit).padStart(15)).join("");
    return `  ${what.padEnd(width)}${cells}${spread > 0 ? `   ± ${Math.round(spread * 100)} %` : ""}`;
  });
  return [
    `\n${title}`,
    `  ${" ".repeat(width)}${NAMES.map((name) => name.padStart(15)).join("")}`,
    ...lines,
  ].join("\n");
}

export function verdictLines(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(
    ({ target, limit, found, unit, reached, ws }) =>
      `  ${reached ? "reached" : "MISSED "}  ${target} ${limit} ${unit}: ${digits(found)} ${unit}` +
      (ws === undefined ? "" : ` (ws: ${digits(ws)} ${unit})`),
  );
  return ["\nTargets", ...lines].join("\n");
}
