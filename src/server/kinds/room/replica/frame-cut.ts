import type { Cursor } from "../../../../protocol/index.js";
import { Chunk, PART_BYTES, bytesLine } from "../../../delivery/chunk.js";
import { partLine } from "../../../delivery/encode.js";
import type { Cut } from "../../cut.js";

/** `[ch,tick,null,{"bytes":n}]` and the bytes: a frame in one line. Hot: once per player and tick. */
export function frameChunk(head: string, frame: Uint8Array): Chunk {
  return new Chunk([bytesLine(`${head}${frame.length}}]`, frame)]);
}

/** What stands before the number of bytes. */
export function frameHead(ch: number, tick: number): string {
  return `[${ch},${tick},null,{"bytes":`;
}

/** Whether a frame is more than a line. */
export function isLargeFrame(frame: Uint8Array): boolean {
  return frame.length > PART_BYTES;
}

/** A frame that goes in parts, each when the socket has taken the one before. */
export class FrameCut implements Cut {
  readonly from: Cursor;
  readonly end: Cursor;
  readonly pages: number;
  readonly #ch: number;
  readonly #frame: Uint8Array;

  constructor(ch: number, end: Cursor, frame: Uint8Array) {
    this.from = { epoch: end.epoch, offset: 0 };
    this.end = end;
    this.pages = Math.ceil(frame.length / PART_BYTES);
    this.#ch = ch;
    this.#frame = frame;
  }

  page(part: number): Chunk {
    const bytes = this.#frame.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    const more = part + 1 < this.pages;
    return new Chunk([partLine(this.#ch, this.end.offset, bytes, undefined, { part, more })]);
  }
}
