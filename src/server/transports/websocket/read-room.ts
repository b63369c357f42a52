/** Room in memory that several connections share, for messages of theirs that are not done with. */
export class ReadRoom {
  readonly #most: number;
  #taken = 0;

  /** @param most bytes, of all connections together */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes so many bytes of the room; `false` where there are not as many left. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#most) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}
