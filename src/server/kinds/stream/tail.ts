/**
 * The newest entries of a log as this node holds them: encoded, contiguous, ready to be sent again. Of those whose payload is
 * too large for that there is only a mark.
 *
 * They lie as bytes in segments outside of the JavaScript heap. As objects they would live just long enough to be moved
 * to the old generation, and what dies there is found by collections that every connection waits for.
 */
import { offsetAt } from "../../../protocol/index.js";
import type { EncodedLine } from "../../delivery/chunk.js";

export interface TailLimits {
  /** At most this many entries. */
  readonly count: number;
  /** At most about this many bytes. */
  readonly bytes: number;
  /** At most about this many bytes where the payloads count that only have a mark here. Default: however many. */
  readonly withLarge?: number;
  /** Entries at most this many milliseconds old. */
  readonly age: number | undefined;
}

/** What follows a cursor: the lines and the offset of the last. No lines: an entry that only has a mark, and its offset. */
export interface TailPage {
  readonly lines: readonly EncodedLine[];
  readonly end: number;
}

/**
 * Before each line: its offset, 8 bytes; how many bytes of text it has, 4; and of payload, 4: one more, or 0 when it has
 * no payload of bytes. Text and payload follow. A mark has `MARK` for the text, and says how many bytes its payload has; nothing follows.
 */
const HEADER_BYTES = 16;
const TEXT_AT = 8;
const PAYLOAD_AT = 12;
const MARK = 0xffff_ffff;

/** A segment has twice the size of the one before it, within these bounds, and whatever a larger entry needs. */
const LEAST_SEGMENT = 512;
const LARGEST_SEGMENT = 16 * 1024;

class Segment {
  readonly bytes: Buffer;
  /** The offset before its first entry. */
  before = 0;
  start = 0;
  end = 0;
  count = 0;

  constructor(size: number) {
    // Of its own: a piece of Node's pool would keep all of the pool.
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  begin(before: number): void {
    this.before = before;
    this.start = this.end = this.count = 0;
  }

  offsetAt(at: number): number {
    return this.bytes.readDoubleLE(at);
  }

  /** Where the entry after the one at `at` is. */
  nextAt(at: number): number {
    if (this.isMark(at)) return at + HEADER_BYTES;
    return at + HEADER_BYTES + this.bytes.readUInt32LE(at + TEXT_AT) + this.#payload(at);
  }

  isMark(at: number): boolean {
    return this.bytes.readUInt32LE(at + TEXT_AT) === MARK;
  }

  /** How many bytes a mark stands for; 0 for what is none. */
  markedAt(at: number): number {
    return this.isMark(at) ? this.bytes.readUInt32LE(at + PAYLOAD_AT) : 0;
  }

  /** As {@link EncodedLine.size} has it: lines end with a byte, and payloads with another. */
  sizeAt(at: number): number {
    if (this.isMark(at)) return HEADER_BYTES;
    const text = this.bytes.readUInt32LE(at + TEXT_AT) + 1;
    const marked = this.bytes.readUInt32LE(at + PAYLOAD_AT);
    return marked === 0 ? text : text + marked;
  }

  lineAt(at: number): EncodedLine {
    const from = at + HEADER_BYTES;
    const to = from + this.bytes.readUInt32LE(at + TEXT_AT);
    const text = this.bytes.toString("utf8", from, to);
    const size = this.sizeAt(at);
    if (this.bytes.readUInt32LE(at + PAYLOAD_AT) === 0) return { text, size };
    // A copy: the segment is used again.
    return { text, bytes: new Uint8Array(this.bytes.subarray(to, to + this.#payload(at))), size };
  }

  write(offset: number, { text, bytes, size }: EncodedLine): void {
    const at = this.end;
    const from = at + HEADER_BYTES;
    const ascii = bytes === undefined && text.length + 1 === size;
    const length = ascii ? this.bytes.write(text, from, "latin1") : this.bytes.write(text, from);
    this.bytes.writeDoubleLE(offset, at);
    this.bytes.writeUInt32LE(length, at + TEXT_AT);
    this.bytes.writeUInt32LE(bytes === undefined ? 0 : bytes.length + 1, at + PAYLOAD_AT);
    if (bytes !== undefined) this.bytes.set(bytes, from + length);
    this.end = this.nextAt(at);
    this.count++;
  }

  mark(offset: number, bytes: number): void {
    const at = this.end;
    this.bytes.writeDoubleLE(offset, at);
    this.bytes.writeUInt32LE(MARK, at + TEXT_AT);
    this.bytes.writeUInt32LE(bytes, at + PAYLOAD_AT);
    this.end = at + HEADER_BYTES;
    this.count++;
  }

  /** Forgets its first entry; returns that one's size. */
  drop(): number {
    const size = this.sizeAt(this.start);
    this.before = this.offsetAt(this.start);
    this.start = this.nextAt(this.start);
    this.count--;
    return size;
  }

  #payload(at: number): number {
    return Math.max(0, this.bytes.readUInt32LE(at + PAYLOAD_AT) - 1);
  }
}

export class Tail {
  readonly #limits: TailLimits;
  /** Oldest first; none is empty. */
  readonly #segments: Segment[] = [];
  /** An empty one for the next time: a channel that is busy needs no new ones. */
  #spare: Segment | undefined;
  #newest = 0;
  #size = 0;
  #bytes = 0;
  /** What all marks stand for. */
  #large = 0;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  /** How many entries it holds. */
  get size(): number {
    return this.#size;
  }

  /** Hot path. Adds the entry after the newest. One that does not follow it starts the tail anew. */
  push(offset: number, prev: number, line: EncodedLine): void {
    if (this.#size > 0 && prev !== this.#newest) this.clear();
    this.#room(HEADER_BYTES + line.size, prev).write(offset, line);
    this.#pushed(offset, line.size);
  }

  /** The same for an entry whose payload has so many bytes, and is kept elsewhere. */
  pushLarge(offset: number, prev: number, bytes: number): void {
    if (this.#size > 0 && prev !== this.#newest) this.clear();
    this.#room(HEADER_BYTES, prev).mark(offset, bytes);
    this.#large += bytes;
    this.#pushed(offset, HEADER_BYTES);
  }

  clear(): void {
    this.#segments.length = 0;
    this.#size = this.#bytes = this.#large = 0;
  }

  /**
   * The entries that follow `offset`, up to about `bytes` bytes of them but at least one, and none behind a mark; `undefined` when
   * nothing follows it here, the tail does not reach back that far, or does not know that entry.
   */
  after(offset: number, bytes: number, now: number): TailPage | undefined {
    this.#expire(now);
    let index = this.#segments.length - 1;
    while (index >= 0 && (this.#segments[index] as Segment).before > offset) index--;
    const first = this.#segments[index];
    if (first === undefined) return undefined;
    let at = first.start;
    let known = first.before;
    for (; known < offset && at < first.end; at = first.nextAt(at)) known = first.offsetAt(at);
    if (known !== offset || at === first.end) return undefined;

    const lines: EncodedLine[] = [];
    let end = offset;
    let size = 0;
    for (let segment: Segment | undefined = first; segment !== undefined; at = segment?.start ?? 0) {
      for (; at < segment.end; at = segment.nextAt(at)) {
        if (segment.isMark(at)) return { lines, end: lines.length === 0 ? segment.offsetAt(at) : end };
        size += segment.sizeAt(at);
        if (size > bytes && lines.length > 0) return { lines, end };
        lines.push(segment.lineAt(at));
        end = segment.offsetAt(at);
      }
      segment = this.#segments[++index];
    }
    return { lines, end };
  }

  /** The `prev` of the oldest of the newest `count` entries, of which there is one; `undefined` when the tail has fewer. */
  startOfLast(count: number, now: number): number | undefined {
    this.#expire(now);
    if (count > this.#size) return undefined;
    let left = count;
    let index = this.#segments.length - 1;
    for (; left > (this.#segments[index] as Segment).count; index--)
      left -= (this.#segments[index] as Segment).count;
    const segment = this.#segments[index] as Segment;
    let { before, start: at } = segment;
    for (let skip = segment.count - left; skip > 0; skip--) {
      before = segment.offsetAt(at);
      at = segment.nextAt(at);
    }
    return before;
  }

  #pushed(offset: number, size: number): void {
    this.#newest = offset;
    this.#size++;
    this.#bytes += size;
    while (this.#size > this.#limits.count || (this.#isFull && this.#size > 1)) this.#drop();
  }

  get #isFull(): boolean {
    const { bytes, withLarge = Infinity } = this.#limits;
    return this.#bytes > bytes || this.#bytes + this.#large > withLarge;
  }

  /** The newest segment, or another one where that has no room. */
  #room(need: number, prev: number): Segment {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.end + need <= newest.bytes.length) return newest;
    const twice = Math.min(LARGEST_SEGMENT, 2 * (newest?.bytes.length ?? LEAST_SEGMENT / 2));
    const spare = this.#spare;
    const segment =
      spare !== undefined && need <= spare.bytes.length ? spare : new Segment(Math.max(twice, need));
    if (segment === spare) this.#spare = undefined;
    segment.begin(prev);
    this.#segments.push(segment);
    return segment;
  }

  #expire(now: number): void {
    if (this.#limits.age === undefined) return;
    const oldest = offsetAt(now - this.#limits.age);
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (first.offsetAt(first.start) >= oldest) return;
      this.#drop();
    }
  }

  #drop(): void {
    const first = this.#segments[0] as Segment;
    this.#large -= first.markedAt(first.start);
    this.#bytes -= first.drop();
    this.#size--;
    if (first.count > 0) return;
    this.#segments.shift();
    if (first.bytes.length === LARGEST_SEGMENT) this.#spare = first;
  }
}
