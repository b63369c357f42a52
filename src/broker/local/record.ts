/**
 * The bytes of entries and signals. An entry has one form from the process that publishes it, over the socket and
 * on the disk to the processes that deliver it: nobody between the first and the last looks into its payload.
 *
 * A record: length of the rest (u32), offset, prev (f64 each), flags (u8), then with META the length of the meta
 * (u32) and the meta, then the payload. Whoever packs it leaves offset and prev empty; the writer fills them in,
 * and what it puts on the disk is the record from `prev` on. Numbers are big-endian.
 */
import type { Draft, Entry, Payload, Signal } from "../contract.js";

const META = 1;
const BYTES = 2;

const OFFSET_AT = 4;
const PREV_AT = 12;
const FLAGS_AT = 20;
const HEAD = 21;

/** Where the record after the one at `at` begins. */
export function nextRecord(records: Buffer, at: number): number {
  return at + 4 + records.readUInt32BE(at);
}

/** Fills in what only the writer knows. */
export function stampRecord(records: Buffer, at: number, offset: number, prev: number): void {
  records.writeDoubleBE(offset, at + OFFSET_AT);
  records.writeDoubleBE(prev, at + PREV_AT);
}

/** What is put on the disk of the record that lies from `at` to `end`. It shares its memory. */
export function storedForm(records: Buffer, at: number, end: number): Buffer {
  return records.subarray(at + PREV_AT, end);
}

/** Bytes of payload and meta of a stored entry. */
export function storedSize(stored: Uint8Array): number {
  const flags = stored[FLAGS_AT - PREV_AT] ?? 0;
  return stored.length - (HEAD - PREV_AT) - (flags & META ? 4 : 0);
}

/** Packs drafts into records, one after the other. The drafts' bytes are copied. */
export function packDrafts(drafts: readonly Draft[]): Buffer {
  const sizes = drafts.map(({ data, meta }) => bodySize(data, meta));
  const total = sizes.reduce((sum, size) => sum + 4 + HEAD - OFFSET_AT + size, 0);
  const records = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [i, { data, meta }] of drafts.entries()) {
    const length = HEAD - OFFSET_AT + (sizes[i] as number);
    records.writeUInt32BE(length, at);
    records.fill(0, at + OFFSET_AT, at + FLAGS_AT);
    writeBody(records, at + FLAGS_AT, data, meta);
    at += 4 + length;
  }
  return records;
}

/** The entries of packed records whose offsets have been filled in. They share no memory with them. */
export function unpackEntries(records: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < records.length; at = nextRecord(records, at)) {
    const offset = records.readDoubleBE(at + OFFSET_AT);
    entries.push(entryOf(offset, records, at + PREV_AT, nextRecord(records, at)));
  }
  return entries;
}

/** The entry of a stored form. */
export function unpackStored(offset: number, stored: Uint8Array): Entry {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  return entryOf(offset, bytes, 0, bytes.length);
}

/** Packs signals: each one's length, slot and body. */
export function packSignals(signals: readonly Signal[]): Buffer {
  const parts: Buffer[] = [];
  for (const { data, meta, slot } of signals) {
    const slotSize = Buffer.byteLength(slot);
    const length = 4 + slotSize + 1 + bodySize(data, meta);
    const part = Buffer.allocUnsafe(4 + length);
    part.writeUInt32BE(length, 0);
    part.writeUInt32BE(slotSize, 4);
    part.write(slot, 8);
    writeBody(part, 8 + slotSize, data, meta);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The signals that were packed. They share no memory with `bytes`. */
export function unpackSignals(bytes: Buffer): Signal[] {
  const signals: Signal[] = [];
  for (let at = 0; at < bytes.length; at = nextRecord(bytes, at)) {
    const slotEnd = at + 8 + bytes.readUInt32BE(at + 4);
    const slot = bytes.toString("utf8", at + 8, slotEnd);
    signals.push({ ...bodyOf(bytes, slotEnd, nextRecord(bytes, at)), slot });
  }
  return signals;
}

/** Hot path. `at` is where `prev` is. */
function entryOf(offset: number, bytes: Buffer, at: number, end: number): Entry {
  const prev = bytes.readDoubleBE(at);
  const { data, meta } = bodyOf(bytes, at + (FLAGS_AT - PREV_AT), end);
  return meta === undefined ? { offset, prev, data } : { offset, prev, data, meta };
}

function bodySize(data: Payload, meta: string | undefined): number {
  const payload = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  return meta === undefined ? payload : payload + 4 + Buffer.byteLength(meta);
}

/** Flags, meta and payload. */
function writeBody(bytes: Buffer, at: number, data: Payload, meta: string | undefined): void {
  let end = at + 1;
  if (meta !== undefined) {
    const size = bytes.write(meta, end + 4);
    bytes.writeUInt32BE(size, end);
    end += 4 + size;
  }
  bytes[at] = (meta === undefined ? 0 : META) | (typeof data === "string" ? 0 : BYTES);
  if (typeof data === "string") bytes.write(data, end);
  else bytes.set(data, end);
}

function bodyOf(bytes: Buffer, at: number, end: number): { data: Payload; meta?: string } {
  const flags = bytes[at] ?? 0;
  let from = at + 1;
  let meta: string | undefined;
  if (flags & META) {
    const metaEnd = from + 4 + bytes.readUInt32BE(from);
    meta = bytes.toString("utf8", from + 4, metaEnd);
    from = metaEnd;
  }
  const data = flags & BYTES ? new Uint8Array(bytes.subarray(from, end)) : bytes.toString("utf8", from, end);
  return meta === undefined ? { data } : { data, meta };
}
