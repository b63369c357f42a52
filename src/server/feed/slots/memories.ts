/** What all channels that are kept by slots hold on this node. Each says at the end of a turn what it has come to hold, or let go of. */
export class Memories {
  /** From so many bytes on, no other channel is opened. */
  readonly most: number;
  #bytes = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** About how many bytes they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.most;
  }

  /** One of them holds so many bytes more, or, with a negative number, less. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
