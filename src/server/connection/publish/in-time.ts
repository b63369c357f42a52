/** How old a publish may be: no older than its key is remembered for certain. */
import type { Command } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import { marginOf } from "./margin.js";

type Publish = Command & { do: "publish" };

/**
 * Refuses a publish that comes so late that its key may be forgotten: nobody can tell whether it happened.
 *
 * @param most how many milliseconds ago the publish was first sent at most. Of those, the ones that its client does not say
 *   count only when they are more than the margin, which is there for them: answers to pings are seldom so far apart
 * @param dedupe milliseconds that keys are remembered
 * @throws {TidemarkError} `outcome_unknown`
 */
export function mustBeInTime(command: Publish, most: number, dedupe: number): void {
  const margin = marginOf(dedupe);
  const said = ageOf(command);
  if ((most - said > margin ? most : said) <= dedupe - margin) return;
  const message =
    said > dedupe - margin
      ? `first sent ${said} ms ago, longer than keys are remembered`
      : `it may have been on its way for ${Math.ceil(most)} ms, longer than keys are remembered`;
  throw new TidemarkError("outcome_unknown", message);
}

/** How many milliseconds ago a publish was first sent, as its client says; never less than 0. */
export function ageOf({ age }: Publish): number {
  return Math.max(0, age);
}
