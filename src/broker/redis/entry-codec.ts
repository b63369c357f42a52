/**
 * How payloads look in Redis. An entry is made ready once, by the node that appends it; the script puts the same
 * bytes into the log and into the hint.
 *
 *     kind of data (t: text, b: bytes), capital with meta · 4 base-36 digits: bytes of meta · 5: bytes of data · meta · data
 */
import type { Entry, Hint, Payload, Signal } from "../contract.js";

/** Bytes before meta and data; `append.lua` and `read.lua` know the number too. */
const HEADER = 10;
const META_DIGITS = 4;
const DATA_DIGITS = 5;
const SLOT_DIGITS = 4;

/** A payload and its meta in one. Text stays a string: the client encodes whole commands of strings fastest. */
export function encodeEntry(data: Payload, meta: string | undefined): string | Buffer {
  const metaText = meta ?? "";
  const metaSize = digits(Buffer.byteLength(metaText), META_DIGITS);
  if (typeof data === "string") {
    return `${meta === undefined ? "t" : "T"}${metaSize}${digits(Buffer.byteLength(data), DATA_DIGITS)}${metaText}${data}`;
  }
  const head = `${meta === undefined ? "b" : "B"}${metaSize}${digits(data.length, DATA_DIGITS)}${metaText}`;
  return Buffer.concat([Buffer.from(head), data]);
}

/** What {@link encodeEntry} made, from `at` on, and where it ends. */
function decode(bytes: Buffer, at: number): { data: Payload; meta: string | undefined; end: number } {
  const kind = String.fromCharCode(bytes[at] ?? 0);
  const metaStart = at + HEADER;
  const dataStart = metaStart + number(bytes, at + 1, META_DIGITS);
  const end = dataStart + number(bytes, at + 1 + META_DIGITS, DATA_DIGITS);
  const meta = kind === "T" || kind === "B" ? bytes.toString("utf8", metaStart, dataStart) : undefined;
  // Bytes are copied: a view would keep the whole answer of Redis alive.
  const data =
    kind === "t" || kind === "T"
      ? bytes.toString("utf8", dataStart, end)
      : new Uint8Array(bytes.subarray(dataStart, end));
  return { data, meta, end };
}

/** An entry of the log. */
export function decodeEntry(bytes: Buffer, offset: number, prev: number): Entry {
  const { data, meta } = decode(bytes, 0);
  return meta === undefined ? { offset, prev, data } : { offset, prev, data, meta };
}

/** A hint as `append.lua` publishes it: `e<epoch> <prev> <first offset> <count>`, a newline, the entries. */
export function decodeHint(bytes: Buffer): Hint {
  const line = bytes.indexOf(10);
  const [epoch = "", prevText, firstText, countText] = bytes.toString("latin1", 1, line).split(" ");
  const entries: Entry[] = [];
  let prev = Number(prevText);
  let at = line + 1;
  for (let offset = Number(firstText), left = Number(countText); left > 0; left--, offset++) {
    const { data, meta, end } = decode(bytes, at);
    entries.push(meta === undefined ? { offset, prev, data } : { offset, prev, data, meta });
    prev = offset;
    at = end;
  }
  return { epoch, entries };
}

/** Signals as they are published: `s`, and each as the length of its slot, the slot, and its payload like an entry's. */
export function encodeSignals(signals: readonly Signal[]): Buffer {
  const parts: Buffer[] = [Buffer.from("s")];
  for (const { slot, data, meta } of signals) {
    const payload = encodeEntry(data, meta);
    parts.push(Buffer.from(`${digits(Buffer.byteLength(slot), SLOT_DIGITS)}${slot}`));
    parts.push(typeof payload === "string" ? Buffer.from(payload) : payload);
  }
  return Buffer.concat(parts);
}

export function decodeSignals(bytes: Buffer): Signal[] {
  const signals: Signal[] = [];
  for (let at = 1; at < bytes.length;) {
    const slotStart = at + SLOT_DIGITS;
    const slotEnd = slotStart + number(bytes, at, SLOT_DIGITS);
    const slot = bytes.toString("utf8", slotStart, slotEnd);
    const { data, meta, end } = decode(bytes, slotEnd);
    signals.push(meta === undefined ? { data, slot } : { data, slot, meta });
    at = end;
  }
  return signals;
}

function digits(value: number, count: number): string {
  const text = value.toString(36);
  if (text.length > count) throw new RangeError(`${value} bytes are more than an entry can have`);
  return text.padStart(count, "0");
}

function number(bytes: Buffer, start: number, count: number): number {
  return Number.parseInt(bytes.toString("latin1", start, start + count), 36);
}
