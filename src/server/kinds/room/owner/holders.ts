/** A connection of a player: its node, and its name there. */
export interface Holder {
  readonly node: string;
  readonly client: string;
}

/**
 * Which connection each seat has, as the nodes have said. It is in nobody's log: an owner that takes a room over is told again. One seat has one
 * connection, the one that was told last.
 */
export class Holders {
  readonly #held = new Map<string, Holder>();

  get(seat: string): Holder | undefined {
    return this.#held.get(seat);
  }

  /** Gives a seat to a connection. @returns the other one that has lost it, if there was one */
  hold(seat: string, holder: Holder): Holder | undefined {
    const before = this.#held.get(seat);
    this.#held.set(seat, holder);
    return before === undefined || isSame(before, holder) ? undefined : before;
  }

  /** Whether what this connection says of the seat counts: nobody else has it. */
  mayLetGo(seat: string, holder: Holder): boolean {
    const held = this.#held.get(seat);
    return held === undefined || isSame(held, holder);
  }

  drop(seat: string): void {
    this.#held.delete(seat);
  }

  /** The seats whose connections are on one of these nodes; they are dropped. */
  dropOf(nodes: ReadonlySet<string>): string[] {
    const gone = [...this.#held].filter(([, { node }]) => nodes.has(node)).map(([seat]) => seat);
    for (const seat of gone) this.#held.delete(seat);
    return gone;
  }
}

function isSame(one: Holder, other: Holder): boolean {
  return one.node === other.node && one.client === other.client;
}
