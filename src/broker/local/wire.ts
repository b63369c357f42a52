/**
 * What goes over the socket between a writer and its workers: frames of a length (u32), a type (u8) and a body.
 * Appends and hints are bytes that neither side encodes anew; everything else is rare, and JSON.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../protocol/index.js";
import type { Appended, LogOptions, Retain } from "../contract.js";
import type { Batch } from "./disk-log.js";
import { keysIn } from "./packed-keys.js";

export const FRAME = {
  /** JSON: the first frame of each side. */
  hello: 0,
  /** Call number, the writer's time at which it is too late, then a packed append. */
  append: 1,
  /** Call number, then JSON: a method and its arguments. */
  call: 2,
  /** Channel, then packed signals; to the writer and from it. No answer. */
  signals: 3,
  /** Call number, then packed outcomes. */
  appended: 4,
  /** Call number, then JSON: the result, or an error. */
  answer: 5,
  /** Channel, epoch, then records. */
  entries: 6,
  /** JSON: the channel and a presence change. */
  presence: 7,
  /** Hints may have been lost. */
  reset: 8,
  /** Nothing but a sign of life, and its echo. */
  ping: 9,
  /** The writer's time. */
  pong: 10,
  /** As an append, of packed changes. */
  change: 11,
  /** Call number, then what became of the drafts. */
  changed: 12,
  /** Channel, epoch, then packed entries. */
  changes: 13,
  /** Call number, the writer's time at which it is too late, then JSON: a method and its arguments. */
  callInTime: 14,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** Beyond this a frame is nonsense: an append of the largest batch is some megabytes. */
const MAX_FRAME = 256 * 1024 * 1024;
/** Frames of a turn that are less in all are copied into one write. */
const COPY_BELOW = 64 * 1024;

/** Collects the frames of a turn and writes them at once. */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #pieces: Buffer[] = [];
  #size = 0;
  #scheduled = false;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Bytes that the socket has not taken yet. */
  get unsent(): number {
    return this.#size + this.#socket.writableLength;
  }

  /** Keeps the pieces, which must not change any more. Hot path: shared records are not copied here. */
  send(type: FrameType, ...body: readonly Buffer[]): void {
    let length = 1;
    for (const piece of body) length += piece.length;
    const head = Buffer.allocUnsafe(5);
    head.writeUInt32BE(length, 0);
    head[4] = type;
    this.#pieces.push(head, ...body);
    this.#size += 4 + length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.setImmediate(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    const size = this.#size;
    this.#size = 0;
    if (this.#socket.destroyed) return;
    if (size < COPY_BELOW) {
      this.#socket.write(Buffer.concat(pieces, size));
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }
}

/** Cuts what comes in into frames. Bodies share the memory of what was read. */
export class FrameReader {
  readonly #onFrame: (type: number, body: Buffer) => void;
  #rest: Buffer[] = [];
  #size = 0;

  constructor(onFrame: (type: number, body: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws {RangeError} when what came is no frame */
  push(chunk: Buffer): void {
    this.#rest.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted()) return;
    let bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest, this.#size);
    for (;;) {
      const end = bytes.length < 4 ? Infinity : 4 + lengthOf(bytes);
      if (end > bytes.length) break;
      this.#onFrame(bytes[4] ?? 0, bytes.subarray(5, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes.length === 0 ? [] : [bytes];
    this.#size = bytes.length;
  }

  /** How many bytes the next frame takes, as far as that is known: a large one is put together once. */
  #wanted(): number {
    const [first] = this.#rest;
    return first === undefined || first.length < 4 ? 4 : 4 + lengthOf(first);
  }
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readUInt32BE(0);
  if (length < 1 || length > MAX_FRAME) throw new RangeError(`a frame of ${length} bytes`);
  return length;
}

/** A text with its length before it. */
export function packText(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(2 + size);
  bytes.writeUInt16BE(size, 0);
  bytes.write(text, 2);
  return bytes;
}

/** The text at `at`, and where it ends. */
export function readText(bytes: Buffer, at: number): { text: string; end: number } {
  const end = at + 2 + bytes.readUInt16BE(at);
  return { text: bytes.toString("utf8", at + 2, end), end };
}

export function packNumber(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(number, 0);
  return bytes;
}

/** A call number, and a time of the writer's. */
export function packNumberAndTime(number: number, time: number): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeUInt32BE(number, 0);
  bytes.writeDoubleBE(time, 4);
  return bytes;
}

export function packTime(time: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(time, 0);
  return bytes;
}

export function packJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function readJson(bytes: Buffer, at = 0): unknown {
  return JSON.parse(bytes.toString("utf8", at)) as unknown;
}

const COUNT = 1;
const BYTES = 2;
const AGE = 4;
const RETAIN = 8;
const SOONER = 16;
const FENCED = 32;
const OPTIONS_BYTES = 1 + 4 * 8;

/**
 * Channel, options, keys and records of an append. The batch is not copied.
 *
 * @param patience the milliseconds after which the whole append is too late
 */
export function packAppend(
  channel: string,
  { keys, records, within, reigns }: Batch,
  options: LogOptions,
  patience: number,
): Buffer[] {
  const { keeping, dedupe, fenced } = options;
  const { retain } = keeping;
  const head = Buffer.allocUnsafe(OPTIONS_BYTES);
  head[0] =
    (retain === undefined ? 0 : RETAIN) |
    (retain?.count === undefined ? 0 : COUNT) |
    (retain?.bytes === undefined ? 0 : BYTES) |
    (retain?.age === undefined ? 0 : AGE) |
    (within === undefined ? 0 : SOONER) |
    (fenced === undefined ? 0 : FENCED);
  head.writeDoubleBE(dedupe, 1);
  head.writeDoubleBE(retain?.count ?? 0, 9);
  head.writeDoubleBE(retain?.bytes ?? 0, 17);
  head.writeDoubleBE(retain?.age ?? 0, 25);
  // By how much each may not wait for as long as the whole: so it need not be known yet when that is sent.
  const sooner = (within ?? []).map((ms) => packTime(Math.max(0, patience - ms)));
  const tokens = (reigns ?? []).map(packText);
  return [packText(channel), head, packNumber(keys.length), keys, ...sooner, ...tokens, records];
}

/** @param left milliseconds that are left for the whole append */
export function readAppend(
  bytes: Buffer,
  at: number,
  left: number,
): { channel: string; batch: Batch; options: LogOptions } {
  const { text: channel, end } = readText(bytes, at);
  const flags = bytes[end] ?? 0;
  const retain: Retain = {
    ...(flags & COUNT && { count: bytes.readDoubleBE(end + 9) }),
    ...(flags & BYTES && { bytes: bytes.readDoubleBE(end + 17) }),
    ...(flags & AGE && { age: bytes.readDoubleBE(end + 25) }),
  };
  const options: LogOptions = {
    keeping: { by: "entries", retain: flags & RETAIN ? retain : undefined },
    dedupe: bytes.readDoubleBE(end + 1),
    ...(flags & FENCED && { fenced: true as const }),
  };
  const keysAt = end + OPTIONS_BYTES;
  const keysEnd = keysAt + 4 + bytes.readUInt32BE(keysAt);
  const keys = bytes.subarray(keysAt + 4, keysEnd);
  const within: number[] = [];
  let recordsAt = keysEnd;
  if (flags & SOONER)
    for (let i = keysIn(keys); i > 0; i--, recordsAt += 8) within.push(left - bytes.readDoubleBE(recordsAt));
  const reigns: string[] = [];
  if (flags & FENCED) {
    for (let i = keysIn(keys); i > 0; i--) {
      const token = readText(bytes, recordsAt);
      reigns.push(token.text);
      recordsAt = token.end;
    }
  }
  const batch: Batch = {
    keys,
    records: bytes.subarray(recordsAt),
    within: flags & SOONER ? within : undefined,
    reigns: flags & FENCED ? reigns : undefined,
  };
  return { channel, batch, options };
}

/** No offset is one of these. */
const ERRORS = { key_conflict: 0, outcome_unknown: 0.5, fenced: 0.25 } as const;

/** One number for each: the offset, negative for that of a duplicate. */
export function packOutcomes(outcomes: readonly Appended[]): Buffer {
  const bytes = Buffer.allocUnsafe(outcomes.length * 8);
  for (const [i, outcome] of outcomes.entries()) {
    const number =
      "error" in outcome ? ERRORS[outcome.error] : outcome.duplicate ? -outcome.offset : outcome.offset;
    bytes.writeDoubleBE(number, i * 8);
  }
  return bytes;
}

export function readOutcomes(bytes: Buffer): Appended[] {
  const outcomes: Appended[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const number = bytes.readDoubleBE(at);
    if (number === ERRORS.key_conflict) outcomes.push({ error: "key_conflict" });
    else if (number === ERRORS.outcome_unknown) outcomes.push({ error: "outcome_unknown" });
    else if (number === ERRORS.fenced) outcomes.push({ error: "fenced" });
    else outcomes.push({ offset: Math.abs(number), duplicate: number < 0 });
  }
  return outcomes;
}
