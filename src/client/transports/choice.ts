import type { TransportName } from "../transport.js";

/** Which of several transports is used: the one that works. */
export interface Choice {
  readonly name: () => TransportName;
  /** The first of them, where another one is in use. */
  readonly better: () => TransportName | undefined;
  /**
   * It did not come to be; for certain, or maybe by chance: then it counts only the second time. Says whether the next
   * one is to be tried at once. When none works it is not their fault, and the first one is next.
   */
  readonly failed: (certain: boolean) => boolean;
  readonly worked: () => void;
  /** The first one works again. */
  readonly reset: () => void;
}

/** @param kept what is kept of an earlier page's choice */
export function createChoice(names: readonly TransportName[], kept: string | null | undefined): Choice {
  let index = Math.max(0, names.indexOf(kept?.split(" ")[0] as TransportName));
  /** Where the round of tries began. */
  let start = index;
  let failures = 0;
  return {
    name: () => names[index] as TransportName,
    better: () => (index > 0 ? names[0] : undefined),
    failed(certain) {
      failures += certain ? 2 : 1;
      if (failures < 2 || names.length < 2) return false;
      index = (index + 1) % names.length;
      if (index !== start) return true;
      start = index = 0;
      failures = 1;
      return false;
    },
    worked() {
      failures = 0;
      start = index;
    },
    reset() {
      index = 0;
    },
  };
}
