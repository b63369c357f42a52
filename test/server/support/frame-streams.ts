/** Streams of WebSocket frames as clients send them, or should not: valid ones, and some with something wrong. */
import type { Random } from "../../../src/protocol/index.js";
import { BINARY, CLOSE, PING, PONG, TEXT, closing } from "./raw.js";

export interface FrameStream {
  readonly bytes: Buffer;
  /** The longest message that is taken. */
  readonly most: number;
}

/** How a length is written: in as few bytes as possible, or in more. */
type Width = 0 | 2 | 8;

interface Shape {
  readonly first: number;
  readonly payload: Buffer;
  readonly masked?: boolean;
  readonly width?: Width;
  /** Where the header says another length than the payload has. */
  readonly length?: number;
}

const LIMITS = [100, 1000, 70_000] as const;
const SIZES = [0, 1, 2, 5, 20, 60, 124, 125, 126, 127, 200, 999, 1000, 1001];
const LARGE = [65_535, 65_536, 69_999, 70_000, 70_001];
const TEXTS = ["a", "{}", '{"id":1}', "é", "€", "😀", "\u0000", "\ud7ff", "\ufeff"];
/** No UTF-8: a stray byte, overlong forms, a surrogate, above U+10FFFF, cut off. */
const NO_UTF8 = ["80", "c080", "e08080", "eda080", "f4908080", "ff", "e282", "f09f98"];
const GOOD_CODES = [1000, 1001, 1003, 1007, 1011, 3000, 4999];
const BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535];

export function frameStream(random: Random): FrameStream {
  return new Streams(random).next();
}

class Streams {
  readonly #random: Random;
  constructor(random: Random) {
    this.#random = random;
  }

  next(): FrameStream {
    const most = this.#pick(LIMITS);
    const parts: Buffer[] = [];
    for (let left = 1 + this.#below(6); left > 0; left--) parts.push(...this.#message(most));
    if (this.#chance(0.3)) parts.splice(this.#below(parts.length + 1), 0, this.#wrong());
    if (this.#chance(0.3)) parts.push(this.#write({ first: 0x80 | CLOSE, payload: this.#goodbye() }));
    let bytes: Buffer = Buffer.concat(parts);
    if (this.#chance(0.15)) bytes = this.#damaged(bytes);
    if (this.#chance(0.15)) bytes = bytes.subarray(0, this.#below(bytes.length + 1));
    return { bytes, most };
  }

  /** A message, perhaps in fragments with control frames between them, or a control frame. */
  #message(most: number): Buffer[] {
    if (this.#chance(0.15)) return [this.#control()];
    const isText = this.#chance(0.6);
    const payload = isText ? this.#text(this.#size(most)) : this.#bytes(this.#size(most));
    const opcode = isText ? TEXT : BINARY;
    if (this.#chance(0.75)) return [this.#write({ first: 0x80 | opcode, payload })];
    const frames: Buffer[] = [];
    let at = 0;
    for (let left = this.#below(4); left >= 0; left--) {
      const end = left === 0 ? payload.length : at + this.#below(payload.length - at + 1);
      const first = (left === 0 ? 0x80 : 0) | (frames.length === 0 ? opcode : 0);
      frames.push(this.#write({ first, payload: payload.subarray(at, end) }));
      at = end;
    }
    if (this.#chance(0.4)) frames.splice(1, 0, this.#control());
    return frames;
  }

  #control(): Buffer {
    return this.#write({
      first: 0x80 | this.#pick([PING, PONG]),
      payload: this.#bytes(this.#pick([0, 4, 125])),
    });
  }

  /** A frame with something wrong, most of the time. */
  #wrong(): Buffer {
    const payload = this.#text(this.#pick([0, 3, 125, 126, 300]));
    const first = 0x80 | this.#pick([TEXT, BINARY, PING, PONG, CLOSE, 0]);
    switch (this.#below(9)) {
      case 0:
        return this.#write({ first: this.#below(256), payload });
      case 1:
        return this.#write({ first, payload, masked: false });
      case 2:
        return this.#write({ first, payload, width: this.#pick([2, 8]) });
      case 3:
        return this.#write({ first, payload, length: this.#pick([70_001, 2 ** 32, 2 ** 53, 2 ** 63]) });
      case 4:
        return this.#write({ first, payload: Buffer.from(this.#pick(NO_UTF8), "hex") });
      case 5:
        return this.#write({ first: 0x80 | CLOSE, payload: Buffer.from([3]) });
      case 6:
        return this.#write({ first: 0x80 | CLOSE, payload: closing(this.#pick(BAD_CODES)) });
      case 7: {
        const reason = Buffer.from(this.#pick(NO_UTF8), "hex");
        return this.#write({ first: 0x80 | CLOSE, payload: closing(1000, reason) });
      }
      default:
        return this.#write({ first: this.#below(16), payload });
    }
  }

  #goodbye(): Buffer {
    return this.#chance(0.2)
      ? Buffer.alloc(0)
      : closing(this.#pick(GOOD_CODES), this.#text(this.#pick([0, 5, 123])));
  }

  /** One bit of it changed, or some of it missing. */
  #damaged(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const at = this.#below(Math.min(bytes.length, 400));
    if (this.#chance(0.3))
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + this.#below(4))]);
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#below(8));
    return damaged;
  }

  #write({ first, payload, masked = true, width, length = payload.length }: Shape): Buffer {
    const needed: Width = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const used = width === undefined || width < needed ? needed : width;
    const head = Buffer.alloc(2 + used);
    head[0] = first;
    head[1] = (masked ? 0x80 : 0) | (used === 0 ? length : used === 2 ? 126 : 127);
    if (used === 2) head.writeUInt16BE(length, 2);
    if (used === 8) head.writeBigUInt64BE(BigInt(length), 2);
    if (!masked) return Buffer.concat([head, payload]);
    const mask = this.#chance(0.1) ? Buffer.alloc(4) : this.#bytes(4);
    return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0))]);
  }

  #size(most: number): number {
    if (most === 70_000 && this.#chance(0.03)) return this.#pick(LARGE);
    return this.#pick(this.#chance(0.05) ? SIZES : SIZES.filter((size) => size <= most));
  }

  /** UTF-8 of about that many bytes. */
  #text(size: number): Buffer {
    if (this.#chance(0.5)) return Buffer.alloc(size, "abcdefgh");
    let text = "";
    while (Buffer.byteLength(text) < Math.min(size, 300)) text += this.#pick(TEXTS);
    const bytes = Buffer.from(text);
    return bytes.length > size
      ? Buffer.alloc(size, "x")
      : Buffer.concat([bytes, Buffer.alloc(size - bytes.length, "x")]);
  }

  #bytes(size: number): Buffer {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < Math.min(size, 300); i++) bytes[i] = this.#below(256);
    return bytes;
  }

  #below(end: number): number {
    return Math.floor(this.#random.float() * end);
  }

  #chance(probability: number): boolean {
    return this.#random.float() < probability;
  }

  #pick<const T>(choices: readonly T[]): T {
    const [choice] = choices.slice(this.#below(choices.length));
    if (choice === undefined) throw new Error("nothing to choose from");
    return choice;
  }
}
