/**
 * Payloads that are sent in parts, kept for everybody who is being sent them. There is one store for all of a node, and it is
 * only a memory: what has gone from it is in the log, or nowhere. Nobody holds such a payload for a peer that reads slowly.
 */
import type { Entry, Payload } from "../../broker/index.js";
import { formatCursor, type Cursor } from "../../protocol/index.js";
import { Chunk, PART_BYTES } from "./chunk.js";
import { partLine } from "./encode.js";

/** How much is kept of all channels together, in bytes. The one used last stays, whatever its size. */
const MOST_BYTES = 64 * 1024 * 1024;
/** How many parts of a payload are kept as they were encoded: those who read at one pace are not far from each other. */
const MOST_ENCODED = 4;
/** What an encoded part takes: as a frame, and as base64. */
const ENCODED_BYTES = Math.ceil((PART_BYTES * 7) / 3);

/** An entry whose payload goes in parts. */
export type LargeEntry = Entry & { readonly data: Uint8Array };

/** Whether an entry's payload goes in parts. JSON never does. */
export function isLarge(entry: Entry): entry is LargeEntry {
  return isLargeData(entry.data);
}

/** The same of a payload. */
export function isLargeData(data: Payload): boolean {
  return typeof data !== "string" && data.length > PART_BYTES;
}

/** One payload, and the parts of it that somebody was sent last. */
export class LargePayload {
  /** The offset before its entry. */
  readonly prev: number;
  readonly data: Uint8Array;
  /** How many parts it has; two at least. */
  readonly parts: number;
  readonly #offset: number;
  readonly #meta: string | undefined;
  #ch = 0;
  /** By number, the one that was made first is first. */
  readonly #encoded = new Map<number, Chunk>();

  constructor({ offset, prev, data, meta }: LargeEntry) {
    this.#offset = offset;
    this.prev = prev;
    this.data = data;
    this.#meta = meta;
    this.parts = Math.ceil(data.length / PART_BYTES);
  }

  /** What it may take in memory, in bytes. */
  get size(): number {
    return this.data.length + Math.min(MOST_ENCODED, this.parts) * ENCODED_BYTES;
  }

  /** A part of it on the channel that has this number: one chunk for all who are sent that part at about the same time. */
  part(ch: number, part: number): Chunk {
    if (ch !== this.#ch) {
      this.#encoded.clear();
      this.#ch = ch;
    }
    const known = this.#encoded.get(part);
    if (known !== undefined) return known;
    const more = part + 1 < this.parts;
    const bytes = this.data.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    const made = new Chunk([partLine(ch, this.#offset, bytes, this.#meta, { part, more })]);
    for (const oldest of this.#encoded.keys()) {
      if (this.#encoded.size < MOST_ENCODED) break;
      this.#encoded.delete(oldest);
    }
    this.#encoded.set(part, made);
    return made;
  }
}

/** The store: those that were used last, in the order of their last use. */
export class LargePayloads {
  readonly #most: number;
  readonly #kept = new Map<string, LargePayload>();
  #bytes = 0;

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** What all of them may take in memory, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** That of the entry at a place of a channel's log, if it is still here. */
  get(channel: string, at: Cursor): LargePayload | undefined {
    const key = keyOf(channel, at);
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, found);
    return found;
  }

  /** Keeps that of an entry, which is of the epoch `epoch` of its channel's log. */
  put(channel: string, epoch: string, entry: LargeEntry): LargePayload {
    const at = { epoch, offset: entry.offset };
    const known = this.get(channel, at);
    if (known !== undefined) return known;
    const made = new LargePayload(entry);
    this.#kept.set(keyOf(channel, at), made);
    this.#bytes += made.size;
    for (const [key, oldest] of this.#kept) {
      if (this.#bytes <= this.#most || oldest === made) break;
      this.#kept.delete(key);
      this.#bytes -= oldest.size;
    }
    return made;
  }
}

/** No name of a channel has a line break in it. */
function keyOf(channel: string, at: Cursor): string {
  return `${channel}\n${formatCursor(at)}`;
}
