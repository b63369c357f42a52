/**
 * Frames that came in pieces, and those that are not plain. A connection has one of these only while it is in the
 * middle of something.
 */
import { OtherFrames } from "./other-frames.js";
import {
  isPlain,
  isTooLong,
  lengthEnd,
  payloadLength,
  readWholeFrames,
  type FrameOwner,
} from "./whole-frames.js";

/** What the first piece of a frame gets, in bytes. It grows with what comes, not with what the frame says. */
const FIRST_CAPACITY = 256;
const NOTHING = Buffer.alloc(0);

export class FrameAssembler {
  readonly #owner: FrameOwner;
  readonly #most: number;
  /** The beginning of a frame, as far as it has come. */
  #held = NOTHING;
  #size = 0;
  /** Up to where it has to come before it is looked at again. */
  #need = 2;
  /** Reads what is not plain, as long as that is in the middle of something. */
  #other: OtherFrames | undefined;
  /** Whether the first two bytes of the held frame have been given to it already. */
  #told = false;
  /** Bytes of the present frame that it is still to be given. */
  #owed = 0;
  /** Whether a message in fragments is under way, and whether it ends with the present frame. */
  #fragmented = false;
  #stays = false;

  /** @param most bytes of a message */
  constructor(most: number, owner: FrameOwner) {
    this.#most = most;
    this.#owner = owner;
  }

  /** Whether it is in the middle of nothing: then it need not be kept. */
  get idle(): boolean {
    return this.#size === 0 && this.#other === undefined;
  }

  /** Whether it is in the middle of a message: what comes in between is younger than that message's beginning. */
  get fragmented(): boolean {
    return this.#fragmented;
  }

  /** Reads all of it, from a frame's beginning or from where the last read ended. */
  read(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#owner.ended) {
      if (this.#owed > 0) at += this.#pass(bytes.subarray(at, at + this.#owed));
      else if (!this.idle) at += this.#hold(bytes, at);
      else {
        at = readWholeFrames(bytes, at, this.#most, this.#owner);
        at += this.#hold(bytes, at);
      }
    }
  }

  /** Takes as much of `bytes` as is needed now; returns how much that was. */
  #hold(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#need - this.#size);
    const size = this.#size + end - at;
    if (size > this.#held.length) {
      const capacity = Math.min(
        Math.max(size, 2 * this.#held.length, FIRST_CAPACITY),
        Math.max(size, this.#need),
      );
      const held = Buffer.allocUnsafeSlow(capacity);
      held.set(this.#held.subarray(0, this.#size));
      this.#held = held;
    }
    this.#held.set(bytes.subarray(at, end), this.#size);
    this.#size = size;
    if (size === this.#need) this.#look();
    return end - at;
  }

  /** Looks at the held frame once more of it has come. */
  #look(): void {
    const held = this.#held;
    const first = held[0] as number;
    const second = held[1] as number;
    const plain = this.#other === undefined && isPlain(first, second);
    if (!plain && !this.#told) {
      // What is wrong already here is not waited for any longer.
      this.#told = true;
      (this.#other ??= new OtherFrames(this.#most, this.#owner)).read(Buffer.from([first, second]));
      if (this.#owner.ended) return;
    }
    const known = lengthEnd(second);
    if (this.#size < known) {
      this.#need = known;
      return;
    }
    const length = payloadLength(held, 0);
    if (length < 0) return this.#owner.onBroken(1002);
    if (!plain) return this.#handOver(first, known, length);
    if (isTooLong(first, length, this.#most)) return this.#owner.onBroken(1009);
    const whole = known + 4 + length;
    if (this.#size < whole) {
      this.#need = whole;
      return;
    }
    this.#forget();
    readWholeFrames(held.subarray(0, whole), 0, this.#most, this.#owner);
  }

  /** The rest of a frame that is not plain goes to `ws` as it comes. */
  #handOver(first: number, known: number, length: number): void {
    const isFinal = first >= 0x80;
    const isControl = (first & 0x08) !== 0;
    if (!isControl) this.#fragmented = !isFinal;
    this.#stays = this.#fragmented;
    this.#owed = known - 2 + 4 + length;
    const rest = this.#held.subarray(2, known);
    this.#forget();
    if (rest.length > 0) this.#pass(rest);
  }

  #pass(bytes: Buffer): number {
    this.#owed -= bytes.length;
    this.#other?.read(bytes);
    if (this.#owed === 0 && !this.#stays) this.#other = undefined;
    return bytes.length;
  }

  #forget(): void {
    this.#size = 0;
    this.#held = NOTHING;
    this.#need = 2;
    this.#told = false;
  }
}
