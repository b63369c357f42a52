/** A node that was not there so many times in a row is gone, and with it its players' connections. */
const MISSED = 5;

/** The nodes that have written about rooms of this one. */
export class NodesSeen {
  /** How many times in a row each was not there. */
  readonly #missed = new Map<string, number>();

  heardOf(node: string): void {
    this.#missed.set(node, 0);
  }

  /**
   * Those that are gone by now. One that is not there for one look may only have been forgotten, by a broker that was restarted.
   *
   * @param there the nodes that there are
   */
  gone(there: ReadonlySet<string>): ReadonlySet<string> {
    const gone = new Set<string>();
    for (const [node, missed] of this.#missed) {
      this.#missed.set(node, there.has(node) ? 0 : missed + 1);
      if (missed + 1 < MISSED || there.has(node)) continue;
      this.#missed.delete(node);
      gone.add(node);
    }
    return gone;
  }
}
