/** Whether one of two is dearer, told from figures that were measured in turn. */
import { seededRandom } from "tidemark/testing";
import { median } from "../lib/statistics.js";

/** How many times rounds are drawn anew, to see how far chance alone moves the median. */
const DRAWS = 4000;
/** A fixed seed: the same figures have the same verdict. */
const SEED = 1;
/** A median up to this is no loss, whatever the interval is. */
const MOST = 1.03;
/** An interval that includes 1 shows none either, as long as it ends below this. */
const INTERVAL_MOST = 1.06;

export interface Ratio {
  /** The median of the ratios of all rounds. */
  readonly median: number;
  /** The interval that holds the median in 95 of 100 draws. */
  readonly low: number;
  readonly high: number;
  /** Whether it is within 3 %: by the median, or because chance alone explains it. */
  readonly within: boolean;
}

/** @param ratios of each round: what one cost, over what the other did */
export function judge(ratios: readonly number[]): Ratio {
  const random = seededRandom(SEED);
  const medians: number[] = [];
  for (let i = 0; i < DRAWS; i++) {
    medians.push(median(ratios.map(() => ratios[Math.floor(random.float() * ratios.length)] as number)));
  }
  medians.sort((a, b) => a - b);
  const [low, high] = [0.025, 0.975].map((part) => medians[Math.floor(part * (DRAWS - 1))] as number) as [
    number,
    number,
  ];
  const middle = median(ratios);
  return { median: middle, low, high, within: middle <= MOST || (low <= 1 && high < INTERVAL_MOST) };
}
