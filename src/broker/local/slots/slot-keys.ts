/**
 * The rows of a log that is kept by slots, all of them among the entries, behind the channel's number:
 *
 * | key behind the number | value |
 * | --- | --- |
 * | offset (f64), index (u32) | a change, in the order of last change. See `slot-rows.ts`. |
 * | 0x80, name | where the newest change of that slot is |
 * | 0x81, offset, index | a tombstone's slot: tombstones, oldest first |
 * | 0x82, time (f64), name | nothing: the slots that have a time to live, the next that is due first |
 *
 * Of an entry there are the changes that are still the newest of their slots. One with a single change lies at index 0; of more,
 * what they have in common lies there, and they follow. Offsets and times are above zero, so that no such key begins with 0x80.
 */
import { createHash } from "node:crypto";
import { NUMBER_BYTES, entryKey } from "../environment.js";

const SLOT = 0x80;
const GRAVE = 0x81;
const DUE = 0x82;

/** What a slot is called in keys: its name, or where that is too long for a key, its hash. */
export type SlotName = Buffer;

/** LMDB takes keys of some 1,900 bytes; short ones leave room on its pages. */
const LONGEST_NAME = 255;
const PLAIN = 0;
const HASHED = 1;

export function slotName(slot: string): SlotName {
  const size = Buffer.byteLength(slot);
  if (size > LONGEST_NAME) {
    return Buffer.concat([Buffer.of(HASHED), createHash("sha256").update(slot).digest()]);
  }
  const name = Buffer.allocUnsafe(1 + size);
  name[0] = PLAIN;
  name.write(slot, 1);
  return name;
}

/** Where a change is, in the order of all of a log. */
export interface Place {
  readonly offset: number;
  /** Among the changes of its entry. */
  readonly index: number;
}

const OFFSET_AT = NUMBER_BYTES;
const INDEX_AT = OFFSET_AT + 8;

export function changeKey(channel: number, { offset, index }: Place): Buffer {
  const key = Buffer.allocUnsafe(INDEX_AT + 4);
  key.writeUIntBE(channel, 0, NUMBER_BYTES);
  key.writeDoubleBE(offset, OFFSET_AT);
  key.writeUInt32BE(index, INDEX_AT);
  return key;
}

/** The place that a key of {@link changeKey} names. */
export function placeOfKey(key: Uint8Array): Place {
  return placeAt(key, OFFSET_AT);
}

/** The changes behind an offset. */
export function changesAfter(channel: number, offset: number): { start: Buffer; end: Buffer } {
  return { start: entryKey(channel, offset + 1), end: kindKey(channel, SLOT, 0) };
}

export function slotKey(channel: number, name: SlotName): Buffer {
  const key = kindKey(channel, SLOT, name.length);
  key.set(name, NUMBER_BYTES + 1);
  return key;
}

export function graveKey(channel: number, { offset, index }: Place): Buffer {
  const key = kindKey(channel, GRAVE, 12);
  key.writeDoubleBE(offset, NUMBER_BYTES + 1);
  key.writeUInt32BE(index, NUMBER_BYTES + 9);
  return key;
}

/** The place that a key of {@link graveKey} names. */
export function placeOfGrave(key: Uint8Array): Place {
  return placeAt(key, NUMBER_BYTES + 1);
}

/** The tombstones from one offset up to, not including, another. */
export function gravesBetween(channel: number, from: number, to: number): { start: Buffer; end: Buffer } {
  return {
    start: graveKey(channel, { offset: from, index: 0 }),
    end: graveKey(channel, { offset: to, index: 0 }),
  };
}

export function dueKey(channel: number, due: number, name: SlotName): Buffer {
  const key = kindKey(channel, DUE, 8 + name.length);
  key.writeDoubleBE(due, NUMBER_BYTES + 1);
  key.set(name, NUMBER_BYTES + 9);
  return key;
}

/** When the slot of a key of {@link dueKey} is due. */
export function dueOfKey(key: Uint8Array): number {
  return bufferOf(key).readDoubleBE(NUMBER_BYTES + 1);
}

/** And what that slot is called. */
export function nameOfDue(key: Uint8Array): SlotName {
  return Buffer.from(key.subarray(NUMBER_BYTES + 9));
}

/** All times to live of a channel. */
export function allDues(channel: number): { start: Buffer; end: Buffer } {
  return { start: kindKey(channel, DUE, 0), end: entryKey(channel + 1, 0) };
}

/** The bytes, as a buffer that shares their memory. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function kindKey(channel: number, kind: number, rest: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES + 1 + rest);
  key.writeUIntBE(channel, 0, NUMBER_BYTES);
  key[NUMBER_BYTES] = kind;
  return key;
}

function placeAt(key: Uint8Array, at: number): Place {
  const bytes = bufferOf(key);
  return { offset: bytes.readDoubleBE(at), index: bytes.readUInt32BE(at + 8) };
}
