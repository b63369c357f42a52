/**
 * The values of a slots log's rows. Numbers are big-endian.
 *
 * A change: with HEAD what the entry has of its own, which is its `prev` (f64), with MANY how many of its changes are still there
 * (u32), with META the length of the meta (u32) and the meta; then, without MANY, the slot's name with its length (u32) and the
 * payload. Before all that stand the flags (u8).
 *
 * Where the newest change of a slot is: offset (f64), index (u32), when it is due (f64), what it counts in bytes (u32), flags.
 */
import type { Payload } from "../../contract.js";
import type { Change } from "../../slots-contract.js";
import { bufferOf, type Place } from "./slot-keys.js";

const HEAD = 1;
const MANY = 2;
const META = 4;
const BYTES = 8;
/** A tombstone: there is no payload. */
const GRAVE = 16;

const LIVE_AT = 9;

/** What the changes of one entry have in common. */
export interface RowHead {
  readonly prev: number;
  readonly meta: string | undefined;
}

/** A row in the order of last change. */
export interface ChangeRow {
  /** At index 0. */
  readonly head: RowHead | undefined;
  /** `undefined` in the row that is only the head of others. */
  readonly change: Change | undefined;
  /** What it counts towards a page's bytes: names, payload and meta. */
  readonly size: number;
}

/** The head of an entry of several changes. */
export function packHead(head: RowHead, live: number): Buffer {
  const row = Buffer.allocUnsafe(headSize(head) + 4);
  writeHead(row, head, MANY);
  row.writeUInt32BE(live, LIVE_AT);
  return row;
}

/** How many changes are still there of the entry with that head. */
export function liveOf(head: Buffer): number {
  return head.readUInt32BE(LIVE_AT);
}

/** The same head, of so many changes. */
export function withLive(head: Buffer, live: number): Buffer {
  const row = Buffer.from(head);
  row.writeUInt32BE(live, LIVE_AT);
  return row;
}

/** A change; with the head of its entry where it is the only one. */
export function packChange({ slot, data }: Change, head?: RowHead): Buffer {
  const from = head === undefined ? 1 : headSize(head);
  const slotSize = Buffer.byteLength(slot);
  const dataAt = from + 4 + slotSize;
  const row = Buffer.allocUnsafe(dataAt + payloadSize(data));
  const flags = data === undefined ? GRAVE : typeof data === "string" ? 0 : BYTES;
  if (head === undefined) row[0] = flags;
  else writeHead(row, head, flags);
  row.writeUInt32BE(slotSize, from);
  row.write(slot, from + 4);
  if (typeof data === "string") row.write(data, dataAt);
  else if (data !== undefined) row.set(data, dataAt);
  return row;
}

/** What a row says. It shares no memory with it. */
export function unpackRow(stored: Uint8Array): ChangeRow {
  const row = bufferOf(stored);
  const flags = row[0] ?? 0;
  let at = 1;
  let head: RowHead | undefined;
  let size = 0;
  if (flags & HEAD) {
    const prev = row.readDoubleBE(at);
    at += flags & MANY ? 12 : 8;
    let meta: string | undefined;
    if (flags & META) {
      size = row.readUInt32BE(at);
      meta = row.toString("utf8", at + 4, at + 4 + size);
      at += 4 + size;
    }
    head = { prev, meta };
  }
  if (flags & MANY) return { head, change: undefined, size };
  const slotEnd = at + 4 + row.readUInt32BE(at);
  const slot = row.toString("utf8", at + 4, slotEnd);
  const data =
    flags & GRAVE
      ? undefined
      : flags & BYTES
        ? new Uint8Array(row.subarray(slotEnd))
        : row.toString("utf8", slotEnd);
  return { head, change: { slot, data }, size: size + row.length - at - 4 };
}

/** Where the newest change of a slot is, and what does not need its payload. */
export interface SlotPlace extends Place {
  /** When it is due, in milliseconds of wall time; `Infinity`: never. */
  readonly due: number;
  /** The bytes of its name and payload. */
  readonly size: number;
  readonly isGrave: boolean;
}

export function packPlace({ offset, index, due, size, isGrave }: SlotPlace): Buffer {
  const row = Buffer.allocUnsafe(25);
  row.writeDoubleBE(offset, 0);
  row.writeUInt32BE(index, 8);
  row.writeDoubleBE(due, 12);
  row.writeUInt32BE(size, 20);
  row[24] = isGrave ? GRAVE : 0;
  return row;
}

export function unpackPlace(stored: Uint8Array): SlotPlace {
  const row = bufferOf(stored);
  return {
    offset: row.readDoubleBE(0),
    index: row.readUInt32BE(8),
    due: row.readDoubleBE(12),
    size: row.readUInt32BE(20),
    isGrave: row[24] === GRAVE,
  };
}

function headSize({ meta }: RowHead): number {
  return 9 + (meta === undefined ? 0 : 4 + Buffer.byteLength(meta));
}

function writeHead(row: Buffer, { prev, meta }: RowHead, flags: number): void {
  row[0] = HEAD | flags | (meta === undefined ? 0 : META);
  row.writeDoubleBE(prev, 1);
  if (meta === undefined) return;
  const at = LIVE_AT + (flags & MANY ? 4 : 0);
  row.writeUInt32BE(Buffer.byteLength(meta), at);
  row.write(meta, at + 4);
}

function payloadSize(data: Payload | undefined): number {
  return data === undefined ? 0 : typeof data === "string" ? Buffer.byteLength(data) : data.length;
}
