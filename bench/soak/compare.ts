/** What became of one log's entries on their way to somebody. */
export interface Faults {
  /** Entries that came again. */
  readonly duplicates: number;
  /** Entries that never came. */
  readonly lost: number;
  /** Entries that came after a later one, for the first time. */
  readonly misplaced: number;
  /** What came and is not in the log. */
  readonly strangers: number;
}

export const NO_FAULTS: Faults = { duplicates: 0, lost: 0, misplaced: 0, strangers: 0 };

/** Holds the offsets that somebody got, in the order of getting, against those of the log, which are ascending. */
export function compare(log: readonly number[], got: readonly number[]): Faults {
  const inLog = new Set(log);
  const seen = new Set<number>();
  let duplicates = 0;
  let misplaced = 0;
  let strangers = 0;
  let newest = 0;
  for (const offset of got) {
    if (!inLog.has(offset)) strangers++;
    else if (seen.has(offset)) duplicates++;
    else if (offset < newest) misplaced++;
    seen.add(offset);
    newest = Math.max(newest, offset);
  }
  return { duplicates, lost: log.filter((offset) => !seen.has(offset)).length, misplaced, strangers };
}

export function addFaults(a: Faults, b: Faults): Faults {
  return {
    duplicates: a.duplicates + b.duplicates,
    lost: a.lost + b.lost,
    misplaced: a.misplaced + b.misplaced,
    strangers: a.strangers + b.strangers,
  };
}
