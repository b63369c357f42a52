/** A block is as large as what has come already, but no larger than this, in bytes; and never smaller than what it is for. */
const MOST_BLOCK = 64 * 1024;

/**
 * Bytes that come bit by bit. They are copied into blocks, so that however small the bits are, no more is held than has come
 * and as much again, 64 KiB at most.
 */
export class Blocks {
  #blocks: Buffer[] = [];
  #size = 0;
  #capacity = 0;

  /** Bytes that have come. */
  get size(): number {
    return this.#size;
  }

  /**
   * How many bytes more are held when so many have come: 0 where there is room for them.
   *
   * @param isLast whether nothing comes after them
   */
  growth(bytes: number, isLast = false): number {
    const missing = this.#size + bytes - this.#capacity;
    if (missing <= 0) return 0;
    return isLast ? missing : Math.max(missing, Math.min(MOST_BLOCK, this.#size));
  }

  /** @param growth what {@link growth} says of these bytes */
  add(bytes: Uint8Array, growth: number): void {
    const free = this.#capacity - this.#size;
    const last = this.#blocks.at(-1);
    if (last !== undefined && free > 0) last.set(bytes.subarray(0, free), last.length - free);
    if (growth > 0) {
      const block = Buffer.allocUnsafeSlow(growth);
      block.set(bytes.subarray(free));
      this.#blocks.push(block);
      this.#capacity += growth;
    }
    this.#size += bytes.length;
  }

  /** All that has come, in one; the blocks are let go. */
  take(): Buffer {
    const [only] = this.#blocks;
    const all =
      this.#blocks.length === 1 && only !== undefined ? only : Buffer.concat(this.#blocks, this.#size);
    const size = this.#size;
    this.drop();
    return all.subarray(0, size);
  }

  /** Nothing is held any more. */
  drop(): void {
    this.#blocks = [];
    this.#size = 0;
    this.#capacity = 0;
  }
}
