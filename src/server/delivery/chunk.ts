/**
 * Encoded lines on their way to sockets. A chunk is made once and written to every subscriber: it never changes,
 * and it keeps its transport encoding for the next socket.
 */
import { writeBinaryLine } from "../../protocol/index.js";

/** How much is made ready at once, in bytes, for those who are live and for those who are behind. A single line may be more. */
export const PAGE_BYTES = 32 * 1024;

/** A payload of more bytes than this goes in parts of so many. */
export const PART_BYTES = PAGE_BYTES;

/** Above so many bytes it is worth compressing a chunk. */
const COMPRESS_ABOVE = 512;

/** One line of the wire, with the bytes of its payload where it has some. */
export interface EncodedLine {
  readonly text: string;
  readonly bytes?: Uint8Array;
  /** About how many bytes it takes on the wire. */
  readonly size: number;
}

/** A line of text, measured. */
export function textLine(text: string): EncodedLine {
  return { text, size: Buffer.byteLength(text) + 1 };
}

/** A line whose payload is bytes. `text` must say how many. */
export function bytesLine(text: string, bytes: Uint8Array): EncodedLine {
  return { text, bytes, size: Buffer.byteLength(text) + bytes.length + 2 };
}

const NO_LINES: readonly EncodedLine[] = [];

export class Chunk {
  /** The lines as text, where none of them carries bytes. */
  readonly text: string | undefined;
  /** Bytes on the wire, frame headers aside. */
  readonly size: number;
  /** Whether transports that can compress it do so; see {@link compressibleChunk}. */
  readonly isCompressible: boolean;
  /** The finished WebSocket frame, made by the first socket that writes this chunk alone. */
  webSocketFrame: string | Buffer | undefined;
  /** The same, compressed, for peers who take that. */
  deflatedFrame: Buffer | undefined;
  readonly #lines: readonly EncodedLine[];
  #base64: string | undefined;

  /**
   * @param lines several of them, or one that is only text
   * @param size of that one, where it is known
   */
  constructor(lines: readonly EncodedLine[] | string, size?: number, isCompressible = false) {
    this.isCompressible = isCompressible;
    if (typeof lines === "string") {
      this.#lines = NO_LINES;
      this.text = lines;
      this.size = size ?? Buffer.byteLength(lines) + 1;
      return;
    }
    this.#lines = lines;
    let bytes = 0;
    let text = "";
    let plain = true;
    for (const line of lines) {
      bytes += line.size;
      if (line.bytes !== undefined) plain = false;
      else text = text === "" ? line.text : `${text}\n${line.text}`;
    }
    this.size = bytes;
    this.text = plain ? text : undefined;
  }

  /** The lines with their bytes as they are, for transports that carry bytes. */
  toBinary(): Uint8Array {
    if (this.text !== undefined) return Buffer.from(this.text);
    const parts: Uint8Array[] = [];
    for (const line of this.#lines) {
      if (parts.length > 0) parts.push(NEWLINE);
      parts.push(line.bytes === undefined ? Buffer.from(line.text) : writeBinaryLine(line.text, line.bytes));
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  /** The lines with their bytes as base64, for transports that carry text only. */
  toText(): string {
    return (
      this.text ??
      (this.#base64 ??= this.#lines
        .map(({ text, bytes }) => (bytes === undefined ? text : `${text}\n${base64Of(bytes)}`))
        .join("\n"))
    );
  }
}

/** As `writeTextLine` has it; what runs in pages, too, takes a hundred times as long for it in Node 20. */
function base64Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** A chunk of one line of text, of `size` bytes with the one that ends it. */
export function textChunk(text: string, size?: number): Chunk {
  return new Chunk(text, size);
}

/**
 * A chunk of one line of text which transports that can do so compress, once for all, where it is long enough. How well something is
 * compressed tells of what stands in it side by side, so such a line holds nothing but what is said to all on one channel: no
 * answers, no tokens.
 */
export function compressibleChunk(text: string): Chunk {
  const size = Buffer.byteLength(text) + 1;
  return new Chunk(text, size, size > COMPRESS_ABOVE);
}

const NEWLINE = Buffer.from("\n");
