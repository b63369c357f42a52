/** Turns at keys: who has one goes on alone with that key, on this node. */

/** What was taken; called once, or again without effect. */
export type EndTurn = () => void;

export class KeyTurns {
  /** The last turn of each key that somebody has. */
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves when all turns at the key that were asked for before have ended. */
  async take(key: string): Promise<EndTurn> {
    const before = this.#last.get(key);
    let end: EndTurn = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#last.set(key, ended);
    if (before !== undefined) await before;
    return () => {
      if (this.#last.get(key) === ended) this.#last.delete(key);
      end();
    };
  }
}
