/** What became of something that a benchmark was to show. */
export interface Verdict {
  readonly target: string;
  /** What was measured, in the target's own terms. */
  readonly found: number;
  readonly limit: number;
  readonly unit: string;
  readonly reached: boolean;
  /** The same figure of `ws` in the same run, where the target is an absolute one and says much about the machine. */
  readonly ws?: number;
}
