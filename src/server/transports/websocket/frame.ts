/** WebSocket frames as a server sends them: whole and unmasked. */
import type { Chunk } from "../../delivery/chunk.js";
import { BINARY, CLOSE, COMPRESSED, FINAL, MAX_CONTROL, NO_CODE, PING, PONG, TEXT } from "./rfc6455.js";

/** Up to here a frame is cheapest as a latin1 string; above, one Buffer that many sockets share. In bytes. */
const STRING_LIMIT = 1024;
/** From here on a chunk is a frame of its own, in bytes. */
const LARGE = 4096;

/** Who compresses chunks that may be compressed. */
export interface Compressor {
  /** The frame of such a chunk, compressed or not; the same for all peers. */
  frameOf(chunk: Chunk): string | Buffer;
}

/** The frame for one chunk, made once and kept with the chunk. Hot path: the first subscriber's write makes it. */
export function frameOf(chunk: Chunk): string | Buffer {
  return (chunk.webSocketFrame ??=
    chunk.text === undefined
      ? binaryFrame(chunk.toBinary())
      : textFrame(chunk.text, isAscii(chunk.text, chunk.size)));
}

/**
 * The frames for several chunks, in order. Small ones go together: every frame costs a page an event of its own.
 * A large one goes as the frame that all its subscribers share: copying it for each would cost more. So does a compressed one, which
 * no other chunk is compressed with.
 *
 * @param compressor where the peer takes compressed frames
 */
export function framesOf(chunks: readonly Chunk[], compressor?: Compressor): (string | Buffer)[] {
  if (chunks.every(isSmall)) return [chunks.length === 1 ? frameOf(chunks[0] as Chunk) : frameOfAll(chunks)];
  const frames: (string | Buffer)[] = [];
  let small: Chunk[] = [];
  const put = (): void => {
    if (small.length > 0) frames.push(small.length === 1 ? frameOf(small[0] as Chunk) : frameOfAll(small));
    small = [];
  };
  for (const chunk of chunks) {
    const isCompressed = chunk.isCompressible && compressor !== undefined;
    if (!isCompressed && chunk.size < LARGE) small.push(chunk);
    else {
      put();
      frames.push(isCompressed ? compressor.frameOf(chunk) : frameOf(chunk));
    }
  }
  put();
  return frames;
}

/** Whether the chunk always goes together with others: answers, nearly always. */
function isSmall(chunk: Chunk): boolean {
  return chunk.size < LARGE && !chunk.isCompressible;
}

/** One frame for several chunks, which is binary as soon as one of them is. */
function frameOfAll(chunks: readonly Chunk[]): string | Buffer {
  let text = "";
  let size = 0;
  for (const chunk of chunks) {
    if (chunk.text === undefined) return binaryFrame(joinBinary(chunks));
    text = size === 0 ? chunk.text : `${text}\n${chunk.text}`;
    size += chunk.size;
  }
  return textFrame(text, isAscii(text, size));
}

/** Whether lines of so many bytes, with one more for each line's end, are of as many characters. */
function isAscii(text: string, size: number): boolean {
  return text.length + 1 === size;
}

/** A WebSocket ping by itself. */
export const PING_ONLY: string = header(PING, 0);

const EMPTY = `${header(TEXT, 2)}{}`;
/** Bytes of the time in a ping: milliseconds of some ten thousand years. */
const TIME_BYTES = 6;
/** The latest ping: those who are pinged together share it. */
let latestPing = { at: -1, frames: "" };

/** A WebSocket ping that says when it was sent, and `{}`, which browser code can see, in one write. */
export function pingAndEmpty(at: number): string {
  const ms = Math.max(0, Math.floor(at));
  if (latestPing.at !== ms) {
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(ms, 0, TIME_BYTES);
    latestPing = { at: ms, frames: header(PING, TIME_BYTES) + time.toString("latin1") + EMPTY };
  }
  return latestPing.frames;
}

/** When the ping was sent that a pong answers; -1 where it answers none of ours. */
export function pingedAt(data: Buffer): number {
  return data.length === TIME_BYTES ? data.readUIntBE(0, TIME_BYTES) : -1;
}

/** The answer to a ping. */
export function pongFrame(data: Buffer): string {
  return header(PONG, data.length) + data.toString("latin1");
}

/** A close frame; with code 1005 one without a code. As much of the reason goes with it as fits. */
export function closeFrame(code: number, reason: string): Buffer {
  if (code === NO_CODE) return Buffer.from([FINAL | CLOSE, 0]);
  const text = Buffer.from(cut(reason, MAX_CONTROL - 2));
  return Buffer.concat([Buffer.from([FINAL | CLOSE, text.length + 2, code >> 8, code & 255]), text]);
}

/** As much of a text as fits in `most` bytes, cut between characters. */
function cut(whole: string, most: number): string {
  let text = whole.slice(0, most);
  while (Buffer.byteLength(text) > most) text = text.slice(0, -1);
  // Half of a surrogate pair has no UTF-8 form.
  return text.length < whole.length && /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

/** @param ascii whether all characters are known to take one byte */
export function textFrame(text: string, ascii = false): string | Buffer {
  const size = ascii ? text.length : Buffer.byteLength(text);
  if (size === text.length && size <= STRING_LIMIT) return header(TEXT, size) + text;
  const head = header(TEXT, size);
  const frame = Buffer.allocUnsafe(head.length + size);
  frame.write(head, 0, "latin1");
  frame.write(text, head.length, size === text.length ? "latin1" : "utf8");
  return frame;
}

export function binaryFrame(bytes: Uint8Array): Buffer {
  const head = Buffer.from(header(BINARY, bytes.length), "latin1");
  return Buffer.concat([head, bytes]);
}

/** A frame of text that is compressed already. */
export function compressedFrame(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(header(COMPRESSED | TEXT, bytes.length), "latin1"), bytes]);
}

function joinBinary(chunks: readonly Chunk[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) parts.push(chunk.toBinary(), NEWLINE);
  parts.pop();
  return Buffer.concat(parts);
}

const NEWLINE = Buffer.from("\n");

/** A frame's header, as a latin1 string. */
function header(opcode: number, size: number): string {
  const first = FINAL | opcode;
  if (size < 126) return String.fromCharCode(first, size);
  if (size < 65_536) return String.fromCharCode(first, 126, size >> 8, size & 255);
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(BigInt(size), 2);
  return bytes.toString("latin1");
}
