import { broken } from "./broken.js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the last byte of the longest number counts in. */
const LONGEST = 2 ** 49;

/** Reads what a `ByteWriter` wrote, and nothing beyond its end. All methods throw {@link FrameError} where the bytes are not as they should be. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#skip(1)] as number;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.uint(2);
  }

  /** A whole number in 1 to 5 bytes. */
  uint(bytes: number): number {
    let at = this.#skip(bytes);
    let value = 0;
    for (let scale = 1; at < this.#at; scale *= 256) value += (this.#bytes[at++] as number) * scale;
    return value;
  }

  /** A whole number up to `most`. */
  varint(most: number): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > most || scale > LONGEST || (byte === 0 && scale > 1)) broken();
      if (byte < 0x80) return value;
    }
  }

  /** How many things follow that take at least `least` bytes each: never more than there can be. */
  count(least: number): number {
    return this.varint(Math.floor(this.left / least));
  }

  float(bytes: 4 | 8): number {
    const at = this.#skip(bytes);
    return bytes === 4 ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true);
  }

  /** A text of at most so many bytes. */
  text(most: number): string {
    const size = this.varint(most);
    const at = this.#skip(size);
    try {
      return decoder.decode(this.#bytes.subarray(at, at + size));
    } catch {
      return broken();
    }
  }

  #skip(bytes: number): number {
    const at = this.#at;
    if (bytes > this.left) broken();
    this.#at += bytes;
    return at;
  }
}
