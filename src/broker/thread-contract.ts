/**
 * How another thread of a broker's process writes the same logs while the thread that the broker lives in stands still: what a
 * watchdog needs, which has to say in a log why its process ends.
 */

/** Where another thread finds what it needs. */
export interface ThreadEntry {
  /** The URL of a module that exports `openWriter`, an {@link OpenWriter}. */
  readonly module: string;
  /** What `openWriter` is given; it gets there as a structured clone. */
  readonly data: unknown;
}
