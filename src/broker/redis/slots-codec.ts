/** How slots look in Redis: in their records, and in the hints of `change.lua`. */
import type { Change, ChangesEntry, ChangesHint } from "../slots-contract.js";
import type { Payload } from "../values.js";

const TEXT = "t";
const BYTES = Buffer.from("b");
/** Numbers in records and hints are unsigned and big-endian. */
const OFFSET_BYTES = 7;
const INDEX_AT = 14;
const INDEX_BYTES = 3;
const META_AT = 17;
/** Bytes before meta and payload, as `lua/slots-keys.lua` has them. */
const RECORD_HEADER = 21;
/** Bytes of a hinted entry before its meta, and of a change before its slot. */
const HINT_HEADER = 9;
const CHANGE_HEADER = 8;

/** A payload with its kind in front, `t` for text and `b` for bytes; empty for what is deleted. */
export function encodePayload(data: Payload | undefined): string | Buffer {
  if (data === undefined) return "";
  return typeof data === "string" ? TEXT + data : Buffer.concat([BYTES, data]);
}

/** What {@link encodePayload} made. Bytes are copied: a view would keep the whole answer of Redis alive. */
export function decodePayload(bytes: Buffer): Payload | undefined {
  if (bytes.length === 0) return undefined;
  return bytes[0] === BYTES[0] ? new Uint8Array(bytes.subarray(1)) : bytes.toString("utf8", 1);
}

interface Found {
  readonly index: number;
  readonly change: Change;
}

/**
 * Entries out of the names and records of slots, one after the other: those of one offset together, oldest first, and their
 * changes in the order in which they were made.
 */
export function decodeSlots(found: readonly Buffer[]): ChangesEntry[] {
  const entries = new Map<number, { readonly meta: string; readonly found: Found[] }>();
  for (let i = 0; i + 1 < found.length; i += 2) {
    const record = found[i + 1] as Buffer;
    const offset = readOffset(record, 0);
    const payloadAt = RECORD_HEADER + record.readUInt32BE(META_AT);
    let entry = entries.get(offset);
    if (entry === undefined) {
      entries.set(offset, (entry = { meta: record.toString("utf8", RECORD_HEADER, payloadAt), found: [] }));
    }
    const slot = (found[i] as Buffer).toString("utf8");
    const change = { slot, data: decodePayload(record.subarray(payloadAt)) };
    entry.found.push({ index: record.readUIntBE(INDEX_AT, INDEX_BYTES), change });
  }
  return [...entries]
    .sort(([one], [other]) => one - other)
    .map(([offset, { meta, found: parts }]) => {
      parts.sort((one, other) => one.index - other.index);
      const changes = parts.map(({ change }) => change);
      // What stood before it does not matter in a page, and is not kept.
      return meta === "" ? { offset, prev: 0, changes } : { offset, prev: 0, changes, meta };
    });
}

/** A hint as `change.lua` publishes it: `c<epoch> <prev> <first offset> <count>`, a newline, the entries. */
export function decodeChangesHint(bytes: Buffer): ChangesHint {
  const line = bytes.indexOf(10);
  const [epoch = "", prevText, firstText, countText] = bytes.toString("latin1", 1, line).split(" ");
  const entries: ChangesEntry[] = [];
  let prev = Number(prevText);
  let at = line + 1;
  for (let offset = Number(firstText), left = Number(countText); left > 0; left--, offset++) {
    const metaAt = at + HINT_HEADER;
    const isTold = bytes[at] === 1;
    const count = bytes.readUInt32BE(at + 5);
    const metaEnd = metaAt + bytes.readUInt32BE(at + 1);
    const meta = metaEnd === metaAt ? {} : { meta: bytes.toString("utf8", metaAt, metaEnd) };
    at = metaEnd;
    const changes: Change[] = [];
    for (let i = 0; i < count; i++) {
      const slotAt = at + CHANGE_HEADER;
      const slotEnd = slotAt + bytes.readUInt32BE(at);
      const end = slotEnd + bytes.readUInt32BE(at + 4);
      changes.push({
        slot: bytes.toString("utf8", slotAt, slotEnd),
        data: decodePayload(bytes.subarray(slotEnd, end)),
      });
      at = end;
    }
    entries.push(isTold ? { offset, prev, ...meta, changes } : { offset, prev, ...meta });
    prev = offset;
  }
  return { epoch, entries };
}

function readOffset(bytes: Buffer, at: number): number {
  return bytes.readUIntBE(at, 1) * 2 ** 48 + bytes.readUIntBE(at + 1, OFFSET_BYTES - 1);
}
