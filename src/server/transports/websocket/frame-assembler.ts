/**
 * Frames that came in pieces, fragments of messages, closes, what is compressed, and all that is wrong. A connection has an assembler only
 * while it is in the middle of something. Whatever comes goes into one buffer, at once and without its mask, so that a
 * message costs no more than its bytes, in however many frames and reads it comes.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { inflate } from "./deflate/inflate.js";
import type { ReadRoom } from "./read-room.js";
import {
  BINARY,
  CLOSE,
  COMPRESSED,
  CONTINUATION,
  FINAL,
  MAX_CONTROL,
  NO_CODE,
  NOT_UTF8,
  PING,
  PONG,
  PROTOCOL_ERROR,
  RESERVED,
  TEXT,
  TOO_LONG,
} from "./rfc6455.js";
import { kept } from "./socket-reader.js";
import { lengthEnd, payloadLength, readWholeFrames, unmask, type FrameOwner } from "./whole-frames.js";

/** The longest header: two bytes, a length of eight, a mask. */
const MAX_HEAD = 14;
/** The first size of a message's buffer, in bytes. The buffer grows with what comes, not with what a frame says. */
const FIRST_CAPACITY = 256;
const NOTHING = Buffer.alloc(0);

export class FrameAssembler {
  readonly #owner: FrameOwner;
  readonly #most: number;
  readonly #room: ReadRoom | undefined;
  readonly #inflates: boolean;
  /** How long the owner has waited for the message under way, in milliseconds; see {@link UnfinishedMessages}. */
  waited = 0;
  /** The header of the present frame, as far as it has come. */
  readonly #head = new Uint8Array(MAX_HEAD);
  #headSize = 0;
  /** Up to where the header has to come before it is looked at again. */
  #need = 2;
  /** Whether the header is whole, and the payload is being read. */
  #inPayload = false;
  /** Bytes of the present frame's payload that are still to come. */
  #left = 0;
  /** The message that has begun: its kind, 0 where there is none, its bytes, and all bits that occur in them. */
  #kind = 0;
  #message = NOTHING;
  #size = 0;
  #bits = 0;
  #isCompressed = false;
  /** Whether the message is whole and has yet to be inflated; then nothing is read, and this is what came behind it. */
  #waits = false;
  #later: Buffer = NOTHING;
  /** The payload of a control frame, which may come between the fragments of a message. */
  #control = NOTHING;

  /**
   * @param most bytes of a message
   * @param room shared with other assemblers, for the bytes that all of them hold
   * @param inflates whether messages may be compressed
   */
  constructor(most: number, owner: FrameOwner, room?: ReadRoom, inflates = false) {
    this.#most = most;
    this.#owner = owner;
    this.#room = room;
    this.#inflates = inflates;
  }

  /** Whether the assembler is in the middle of nothing: then it need not be kept. */
  get idle(): boolean {
    return this.#headSize === 0 && this.#kind === 0;
  }

  /** Whether a message is under way: what comes in between is younger than that message's beginning. */
  get fragmented(): boolean {
    return this.#kind !== 0;
  }

  /** Bytes that have come of a message that is not whole. */
  get came(): number {
    return this.#size;
  }

  /** Whether a message waits for its owner to have time to inflate it: for {@link goOn}. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Bytes that came behind that message. */
  get behind(): number {
    return this.#later.length;
  }

  /** Inflates the message that waits, and reads on behind it. */
  goOn(): void {
    const later = this.#later;
    this.#later = NOTHING;
    this.#waits = false;
    this.#tellMessage();
    this.read(later);
  }

  /** Reads all of the bytes, from a frame's beginning or from where the last read ended, up to a message that has to wait. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#owner.ended && !this.#waits) {
      if (this.#inPayload) at = this.#readPayload(bytes, at);
      else {
        if (this.idle) {
          this.waited = 0;
          at = readWholeFrames(bytes, at, this.#most, this.#owner);
        }
        at = this.#readHead(bytes, at);
      }
    }
    if (this.#waits && at < bytes.length)
      this.#later = this.behind === 0 ? kept(bytes.subarray(at)) : Buffer.concat([this.#later, bytes]);
  }

  /** Nothing more is read: what the assembler holds is given up. */
  drop(): void {
    this.#room?.give(this.#message.length);
    this.#message = NOTHING;
    this.#later = NOTHING;
    this.#size = 0;
    this.#waits = false;
  }

  #readHead(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      this.#head[this.#headSize++] = bytes[at++] as number;
      if (this.#headSize < this.#need) continue;
      // The rest of a frame that is wrong already here is not waited for.
      if (this.#headSize === 2 && !this.#isAllowed()) {
        this.#owner.onBroken(PROTOCOL_ERROR);
        return at;
      }
      const known = lengthEnd(this.#head[1] as number);
      if (this.#headSize < known) this.#need = known;
      else if (this.#headSize === known) {
        this.#need = known + 4;
        if (!this.#takeLength()) return at;
      } else {
        this.#begin();
        return at;
      }
    }
    return at;
  }

  /** Whether RFC 6455 allows a frame that begins so, after what came before it. */
  #isAllowed(): boolean {
    const first = this.#head[0] as number;
    const second = this.#head[1] as number;
    const opcode = first & 0x0f;
    if (second < 0x80 || !this.#mayReserve(first & RESERVED, opcode)) return false;
    const size = second & 127;
    switch (opcode) {
      case CONTINUATION:
        return this.#kind !== 0;
      case TEXT:
      case BINARY:
        return this.#kind === 0;
      case CLOSE:
        return first >= FINAL && size <= MAX_CONTROL && size !== 1;
      case PING:
      case PONG:
        return first >= FINAL && size <= MAX_CONTROL;
      default:
        return false;
    }
  }

  /** Only a message may be compressed, where that was agreed on, and its first frame says so for all of it. */
  #mayReserve(bits: number, opcode: number): boolean {
    return bits === 0 || (bits === COMPRESSED && this.#inflates && (opcode === TEXT || opcode === BINARY));
  }

  /** Takes the length out of the header; `false` if the frame is not taken because of it. */
  #takeLength(): boolean {
    const length = payloadLength(this.#head, 0);
    this.#left = length;
    if (length < 0) this.#owner.onBroken(PROTOCOL_ERROR);
    else if (!this.#isControl && length > 0 && this.#size + length > this.#most)
      this.#owner.onBroken(TOO_LONG);
    else return true;
    return false;
  }

  get #isControl(): boolean {
    return ((this.#head[0] as number) & 0x08) !== 0;
  }

  get #isFinal(): boolean {
    return (this.#head[0] as number) >= FINAL;
  }

  /** The header is whole. */
  #begin(): void {
    this.#inPayload = true;
    if (this.#isControl) this.#control = this.#left === 0 ? NOTHING : Buffer.allocUnsafeSlow(this.#left);
    else if (this.#kind === 0) {
      this.#kind = (this.#head[0] as number) & 0x0f;
      this.#isCompressed = ((this.#head[0] as number) & COMPRESSED) !== 0;
    }
    if (this.#left === 0) this.#finish();
  }

  #readPayload(bytes: Buffer, from: number): number {
    const count = Math.min(this.#left, bytes.length - from);
    const control = this.#isControl;
    if (!control && !this.#makeRoom(count)) {
      this.#owner.onNoRoom?.();
      return bytes.length;
    }
    const target = control ? this.#control : this.#message;
    const start = control ? target.length - this.#left : this.#size;
    target.set(bytes.subarray(from, from + count), start);
    const bits = this.#unmask(target, start, start + count);
    if (!control) {
      this.#size += count;
      this.#bits |= bits;
    }
    this.#left -= count;
    if (this.#left === 0) this.#finish();
    return from + count;
  }

  /** Takes the mask off what has come of the present frame's payload. */
  #unmask(bytes: Buffer, from: number, to: number): number {
    const head = this.#head;
    const mask = this.#headSize - 4;
    // The mask goes on where the last piece has ended.
    const done = payloadLength(head, 0) - this.#left;
    return unmask(
      bytes,
      from,
      to,
      head[mask + (done & 3)] as number,
      head[mask + ((done + 1) & 3)] as number,
      head[mask + ((done + 2) & 3)] as number,
      head[mask + ((done + 3) & 3)] as number,
    );
  }

  /** Has the message's buffer take so many bytes more; `false` where there is no room for them. */
  #makeRoom(count: number): boolean {
    const held = this.#message;
    const size = this.#size + count;
    if (size <= held.length) return true;
    // How long a message in one frame is, is known; fragments add up to no more than a message may have.
    const most = this.#isFinal ? this.#size + this.#left : this.#most;
    const capacity = Math.min(most, Math.max(size, 2 * held.length, FIRST_CAPACITY));
    if (this.#room?.take(capacity - held.length) === false) return false;
    this.#message = Buffer.allocUnsafeSlow(capacity);
    this.#message.set(held.subarray(0, this.#size));
    return true;
  }

  /** The present frame is whole. */
  #finish(): void {
    const isFinal = this.#isFinal;
    const opcode = (this.#head[0] as number) & 0x0f;
    this.#headSize = 0;
    this.#need = 2;
    this.#inPayload = false;
    if (opcode >= CLOSE) this.#tellControl(opcode);
    else if (!isFinal) this.#owner.onFragment?.();
    else if (this.#isCompressed && this.#owner.mayInflate?.() !== true) this.#waits = true;
    else this.#tellMessage();
  }

  #tellMessage(): void {
    const kind = this.#kind;
    const size = this.#size;
    const message = this.#message;
    const bits = this.#bits;
    const isCompressed = this.#isCompressed;
    this.drop();
    this.#kind = 0;
    this.#bits = 0;
    if (isCompressed) return this.#tellInflated(kind, message.subarray(0, size));
    if (kind === BINARY) {
      // The message may be kept: its buffer is no longer than that needs.
      return this.#owner.onBinary(size === message.length ? message : Buffer.from(message.subarray(0, size)));
    }
    if (bits < 128) this.#owner.onText(message, 0, size, true);
    else if (isUtf8(message.subarray(0, size))) this.#owner.onText(message, 0, size, false);
    else this.#owner.onBroken(NOT_UTF8);
  }

  #tellInflated(kind: number, bytes: Buffer): void {
    const message = inflate(bytes, this.#most);
    if (typeof message === "number") return this.#owner.onBroken(message);
    this.#owner.onInflated?.(message.length);
    // Short ones may lie in memory that is longer than they are, and that others use, too.
    if (kind === BINARY) this.#owner.onBinary(Buffer.from(message));
    else if (isAscii(message)) this.#owner.onText(message, 0, message.length, true);
    else if (isUtf8(message)) this.#owner.onText(message, 0, message.length, false);
    else this.#owner.onBroken(NOT_UTF8);
  }

  #tellControl(opcode: number): void {
    const payload = this.#control;
    this.#control = NOTHING;
    if (opcode === PING) return this.#owner.onPing(payload);
    if (opcode === PONG) return this.#owner.onPong(payload);
    if (payload.length === 0) return this.#owner.onClose(NO_CODE, "");
    const code = payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    if (!isCloseCode(code)) this.#owner.onBroken(PROTOCOL_ERROR);
    else if (!isUtf8(reason)) this.#owner.onBroken(NOT_UTF8);
    else this.#owner.onClose(code, reason.toString());
  }
}

/** Whether a close frame may say this code: RFC 6455 (7.4), and what has been registered since. */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_CODE && code !== 1006;
}
