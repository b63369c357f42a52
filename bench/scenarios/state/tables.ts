/** What the tables of `state` have in common. */
import type { Column } from "../../report/grid.js";
import type { Verdict } from "../../verdict.js";
import type { Way } from "./contenders.js";
import type { Middle } from "./rounds.js";

/** The columns of {@link loadOf}. */
export const LOAD: readonly Column[] = [
  { name: "server CPU", unit: "% of a core" },
  { name: "changes made", unit: "/s" },
];

export function loadOf(middle: Middle, way: Way): number[] {
  return [middle.value(way, "cpu") * 100, Math.round(middle.value(way, "changes"))];
}

export const AGES: readonly Column[] = [
  { name: "age at arrival, p50", unit: "ms" },
  { name: "p99", unit: "ms" },
];

/** A negative limit is the least, not the most. */
export function judged(target: string, found: number, limit: number): Verdict {
  const reached = limit < 0 ? found >= -limit : found <= limit;
  return { target, found, limit: Math.abs(limit), unit: "×", reached };
}
