/** Bytes that are written and read in order; numbers are big-endian. */
const FIRST_SIZE = 256;

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(FIRST_SIZE);
  #size = 0;

  /** What was written. It must not be written to any more. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size);
  }

  byte(value: number): this {
    const at = this.#take(1);
    this.#bytes[at] = value;
    return this;
  }

  count(value: number): this {
    const at = this.#take(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  number(value: number): this {
    const at = this.#take(8);
    this.#bytes.writeDoubleBE(value, at);
    return this;
  }

  /** A text or bytes, with the length before it. */
  block(value: string | Uint8Array): this {
    const size = typeof value === "string" ? Buffer.byteLength(value) : value.length;
    const at = this.count(size).#take(size);
    if (typeof value === "string") this.#bytes.write(value, at);
    else this.#bytes.set(value, at);
    return this;
  }

  #take(size: number): number {
    const at = this.#size;
    this.#size += size;
    if (this.#size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#size, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }
}

export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  count(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  number(): number {
    this.#at += 8;
    return this.#bytes.readDoubleBE(this.#at - 8);
  }

  /** Shares the memory of what is read. */
  block(): Buffer {
    const size = this.count();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  text(): string {
    return this.block().toString();
  }

  /** The items of a list that has its length before it. */
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.count() }, read);
  }
}
