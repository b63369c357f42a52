/** What comes over many connections at once: a payload that is the same for several viewers is one object for all of them. */
import { constants, inflateRawSync } from "node:zlib";
import { BEACON } from "../../servers/state/source.js";

/** What permessage-deflate leaves out at the end of each message. */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };
const MARK = `${JSON.stringify(BEACON)},`;
const ZERO = 0x30;
/** How a part ends that is not the last one of its message. */
const MORE = Buffer.from('"more":true}]');

export class Frame {
  readonly bytes: Buffer;
  readonly #compressed: boolean;
  #plain: Buffer | undefined;
  #beacon: number | undefined | "unknown" = "unknown";

  constructor(bytes: Buffer, compressed: boolean) {
    this.bytes = bytes;
    this.#compressed = compressed;
  }

  /** Whether it is this payload. */
  is(bytes: Uint8Array, start: number, end: number, compressed: boolean): boolean {
    const mine = this.bytes;
    if (mine.length !== end - start || this.#compressed !== compressed) return false;
    return mine.compare(bytes, start, end) === 0;
  }

  /** What was sent, inflated. */
  get plain(): Buffer {
    return (this.#plain ??= this.#compressed
      ? inflateRawSync(Buffer.concat([this.bytes, TAIL]), SYNC)
      : this.bytes);
  }

  get text(): string {
    return this.plain.toString();
  }

  /** Whether a message ends with it: nothing of it is shown before that. */
  get isWhole(): boolean {
    return !this.plain.subarray(-MORE.length).equals(MORE);
  }

  /** The time that the newest change of the beacon in it says, in microseconds; `undefined` where it has none. */
  get beacon(): number | undefined {
    if (this.#beacon === "unknown") this.#beacon = beaconIn(this.plain);
    return this.#beacon;
  }
}

function beaconIn(bytes: Buffer): number | undefined {
  const at = bytes.lastIndexOf(MARK);
  if (at < 0) return undefined;
  let time = 0;
  for (let i = at + MARK.length; i < bytes.length; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (!(digit >= 0 && digit <= 9)) break;
    time = time * 10 + digit;
  }
  return time;
}

/** Of those that are larger, as many as come between the first and the last viewer of one: those of several rates, and parts. */
const RECENT = 32;
/** Smaller ones are found by what they say: thousands come to one viewer before the first of them comes to the next. */
const SMALL = 512;
const MOST_SMALL = 16_384;

/** The payloads that came last. */
export class Frames {
  readonly #recent: (Frame | undefined)[] = Array.from({ length: RECENT });
  #at = 0;
  /** Those of now, and those before: when there are too many, the older half goes. */
  #small = new Map<string, Frame>();
  #smallBefore = new Map<string, Frame>();

  /** Hot path. The object for this payload. */
  of(bytes: Uint8Array, start: number, end: number, compressed: boolean): Frame {
    if (end - start < SMALL && !compressed) return this.#ofSmall(bytes, start, end);
    for (let i = 0; i < RECENT; i++) {
      const frame = this.#recent[(this.#at - i + RECENT) % RECENT];
      if (frame === undefined) break;
      if (frame.is(bytes, start, end, compressed)) return frame;
    }
    const frame = new Frame(Buffer.from(bytes.subarray(start, end)), compressed);
    this.#at = (this.#at + 1) % RECENT;
    this.#recent[this.#at] = frame;
    return frame;
  }

  #ofSmall(bytes: Uint8Array, start: number, end: number): Frame {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
    let frame = this.#small.get(text);
    if (frame !== undefined) return frame;
    frame = this.#smallBefore.get(text) ?? new Frame(Buffer.from(text, "latin1"), false);
    if (this.#small.size >= MOST_SMALL) [this.#small, this.#smallBefore] = [new Map(), this.#small];
    this.#small.set(text, frame);
    return frame;
  }
}
