import { utf8Length } from "../protocol/index.js";

const encoder = new TextEncoder();
const FIRST_BYTES = 1024;

/** Bytes as they are put together. They lie in one place that grows, so that a writer which is used again allocates nothing. */
export class ByteWriter {
  /** What was written is in the first `size` of these. They are others after the writer has grown. */
  bytes: Uint8Array<ArrayBuffer>;
  size = 0;
  readonly #float = new DataView(new ArrayBuffer(8));

  /** @param bytes how much room there is at first */
  constructor(bytes = FIRST_BYTES) {
    this.bytes = new Uint8Array(bytes);
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.size + more, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.size));
    this.bytes = bytes;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.size++] = value;
  }

  u16(value: number): void {
    this.uint(value, 2);
  }

  /** A whole number in 1 to 5 bytes, the lowest first. */
  uint(value: number, bytes: number): void {
    this.reserve(bytes);
    let rest = value;
    for (let i = 0; i < bytes; i++) {
      // The operators on bits take the number modulo 2^32.
      this.bytes[this.size++] = rest & 0xff;
      rest = i === 0 && bytes === 5 ? Math.floor(value / 256) : rest >>> 8;
    }
  }

  /** A whole number from 0 to 2^53 - 1: seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.size++] = (rest & 0x7f) | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.bytes[this.size++] = rest;
  }

  /** The lowest byte first. */
  float(value: number, bytes: 4 | 8): void {
    this.reserve(bytes);
    if (bytes === 4) this.#float.setFloat32(0, value, true);
    else this.#float.setFloat64(0, value, true);
    for (let i = 0; i < bytes; i++) this.bytes[this.size++] = this.#float.getUint8(i);
  }

  /** A well-formed text behind its length in UTF-8. */
  text(value: string): void {
    const length = utf8Length(value);
    this.varint(length);
    this.reserve(length);
    if (length === value.length) {
      for (let i = 0; i < length; i++) this.bytes[this.size++] = value.charCodeAt(i);
      return;
    }
    encoder.encodeInto(value, this.bytes.subarray(this.size));
    this.size += length;
  }

  /** Part of other bytes. Hot: most are a few bytes, for which a view of them would cost more than they do. */
  copy(from: Uint8Array, start: number, size: number): void {
    this.reserve(size);
    const { bytes } = this;
    let at = this.size;
    if (size > 32) bytes.set(from.subarray(start, start + size), at);
    else for (let i = start; i < start + size; i++) bytes[at++] = from[i] as number;
    this.size += size;
  }

  /** What was written, in a place of its own. */
  taken(): Uint8Array {
    return this.bytes.slice(0, this.size);
  }
}
