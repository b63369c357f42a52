/** What corrections tell: none to speak of, some now and then, or that the two sides do not compute the same. */
export type DriftClass = "matched" | "jitter" | "diverging";

/** Corrections that are no more than this, in units of the row, are none. */
const NOISE = 1e-3;

/**
 * How far predictions are from what the room says, in units of the row.
 *
 * @example if (prediction.drift.class === "diverging") console.warn("the room moves players otherwise than we do");
 */
export class Drift {
  /** What persists: the mean of the corrections, the newest counting most. */
  mean = 0;
  /** The largest of late. */
  peak = 0;

  /** What it comes to: what is corrected again and again is no accident of the link. */
  get class(): DriftClass {
    if (this.mean > NOISE) return this.mean * 4 > this.peak ? "diverging" : "jitter";
    return this.peak > NOISE ? "jitter" : "matched";
  }

  /** A prediction was corrected by so much, or by nothing. */
  add(correction: number): void {
    this.mean += (correction - this.mean) / 10;
    this.peak = Math.max(correction, this.peak * 0.9);
  }

  reset(): void {
    this.mean = this.peak = 0;
  }
}
