/** How old a publish may be: no older than its key is remembered for certain. */
import type { Command } from "../../../protocol/index.js";
import { TidemarkError } from "../../errors.js";
import { marginOf } from "./margin.js";

type Publish = Command & { do: "publish" };

/**
 * What comes so late that its key may be forgotten is refused: nobody can tell whether it happened.
 *
 * @param most how long ago it was sent first at most. Of that, what its peer does not say counts once it is more than the
 *   margin, which is there for it: answers to pings are seldom so far apart
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

/** What its client says of it; nothing is younger than just sent. */
export function ageOf({ age }: Publish): number {
  return Math.max(0, age);
}
