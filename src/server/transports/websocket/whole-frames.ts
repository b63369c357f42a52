/**
 * Hot path: the frames that peers send nearly always - whole, masked, unfragmented, nothing reserved - are read where
 * they lie in what the socket gave. Nothing is kept between two reads; what is not taken here is for the
 * {@link FrameAssembler}.
 */
import { isUtf8 } from "node:buffer";
import { BINARY, FINAL, NOT_UTF8, PING, PONG, TEXT } from "./rfc6455.js";

/** The first byte of a frame that is a whole message: nothing is reserved in it. */
const WHOLE_TEXT = FINAL | TEXT;
const WHOLE_BINARY = FINAL | BINARY;
const WHOLE_PING = FINAL | PING;
const WHOLE_PONG = FINAL | PONG;
/** Mask and length in the second byte. */
const MASKED = 0x80;

/** Who is told of frames. */
export interface FrameOwner {
  /** Whether nothing more is to be read: the peer has said goodbye, or what it sends makes no sense. */
  readonly ended: boolean;
  /**
   * A text, which is valid UTF-8, from `from` up to `to` in bytes that the next read may overwrite.
   *
   * @param ascii whether the text is known to be ASCII
   */
  onText(bytes: Buffer, from: number, to: number, ascii: boolean): void;
  /** The bytes are a view into what was read, which the next read may overwrite. */
  onBinary(bytes: Buffer): void;
  onPing(data: Buffer): void;
  /** The data is that of a ping, where the pong answers one; a view into what was read. */
  onPong(data: Buffer): void;
  /** The peer's close frame came; 1005 where that has no code. */
  onClose(code: number, reason: string): void;
  /** The peer has broken the WebSocket protocol, and is told so with this close code. */
  onBroken(code: number): void;
  /** There is no room for a message, though messages may be as long. */
  onNoRoom?(): void;
  /** A fragment of a message came that is not its last. */
  onFragment?(): void;
  /**
   * A compressed message is whole: whether there is time to inflate it. If not, the owner has the assembler go on later, and has
   * nothing more read until then.
   */
  mayInflate?(): boolean;
  /** A message was inflated to so many bytes, and is told next. */
  onInflated?(bytes: number): void;
}

/**
 * Whether a frame that begins so is for {@link readWholeFrames}, once all of it is there and its length is right.
 *
 * @param first its first byte
 * @param second its second byte
 */
function isPlain(first: number, second: number): boolean {
  if (second < MASKED) return false;
  return (
    first === WHOLE_TEXT ||
    first === WHOLE_BINARY ||
    ((first === WHOLE_PING || first === WHOLE_PONG) && second < MASKED + 126)
  );
}

/** Whether a plain frame is longer than messages may be. Control frames are no messages. */
function isTooLong(first: number, size: number, most: number): boolean {
  return size > most && first < WHOLE_PING;
}

/** How many bytes from a frame's beginning say how long the frame is. */
export function lengthEnd(second: number): number {
  const size = second & 127;
  return size < 126 ? 2 : size === 126 ? 4 : 10;
}

/**
 * The length of a frame's payload; -1 if it could have been said with fewer bytes, which RFC 6455 (5.2) forbids.
 *
 * @param at where the frame begins; {@link lengthEnd} bytes are there
 */
export function payloadLength(bytes: Uint8Array, at: number): number {
  const short = (bytes[at + 1] as number) & 127;
  if (short < 126) return short;
  if (short === 126) {
    const size = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    return size < 126 ? -1 : size;
  }
  let size = 0;
  for (let i = at + 2; i < at + 10; i++) size = size * 256 + (bytes[i] as number);
  return size < 65_536 ? -1 : size;
}

/**
 * Reads plain frames from `at` on. Returns where it stopped: at the end, or at the beginning of a frame that is cut
 * off, or too long, or not plain.
 *
 * @param most bytes of a payload
 */
export function readWholeFrames(bytes: Buffer, at: number, most: number, owner: FrameOwner): number {
  let start = at;
  while (bytes.length - start >= 6 && !owner.ended) {
    const first = bytes[start] as number;
    const second = bytes[start + 1] as number;
    if (!isPlain(first, second)) return start;
    const head = lengthEnd(second) + 4;
    if (bytes.length - start < head) return start;
    const size = payloadLength(bytes, start);
    if (size < 0 || isTooLong(first, size, most) || bytes.length - start < head + size) return start;
    const from = start + head;
    start = from + size;
    const bits = unmask(
      bytes,
      from,
      start,
      bytes[from - 4] as number,
      bytes[from - 3] as number,
      bytes[from - 2] as number,
      bytes[from - 1] as number,
    );
    if (first === WHOLE_TEXT) {
      // Most of what is sent is ASCII, and that needs no look at its UTF-8.
      if (bits < 128) owner.onText(bytes, from, start, true);
      else if (isUtf8(bytes.subarray(from, start))) owner.onText(bytes, from, start, false);
      else owner.onBroken(NOT_UTF8);
    } else if (first === WHOLE_BINARY) owner.onBinary(bytes.subarray(from, start));
    else if (first === WHOLE_PONG) owner.onPong(bytes.subarray(from, start));
    else owner.onPing(bytes.subarray(from, start));
  }
  return owner.ended ? bytes.length : start;
}

/** Takes a mask of four bytes off the bytes from `from` up to `to`. Returns all bits that occur there. */
export function unmask(
  bytes: Buffer,
  from: number,
  to: number,
  a: number,
  b: number,
  c: number,
  d: number,
): number {
  let bits = 0;
  let i = from;
  for (const end = to - 3; i < end; i += 4) {
    bits |=
      (bytes[i] = (bytes[i] as number) ^ a) |
      (bytes[i + 1] = (bytes[i + 1] as number) ^ b) |
      (bytes[i + 2] = (bytes[i + 2] as number) ^ c) |
      (bytes[i + 3] = (bytes[i + 3] as number) ^ d);
  }
  if (i < to) bits |= bytes[i] = (bytes[i] as number) ^ a;
  if (i + 1 < to) bits |= bytes[i + 1] = (bytes[i + 1] as number) ^ b;
  if (i + 2 < to) bits |= bytes[i + 2] = (bytes[i + 2] as number) ^ c;
  return bits;
}
