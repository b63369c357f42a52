/**
 * What simulated publishers send: their name and a sequence, unique over a run, and padding for weight. Behind those of many
 * bytes stands what is checked: whoever gets another byte than was published, or one less, gets another message.
 */
import { crc32 } from "node:zlib";
import type { Payload } from "../../broker/index.js";

export interface Content {
  readonly p: string;
  readonly n: number;
  readonly pad?: string;
}

const FORM = /^\{"p":"([^"]+)","n":(\d+)(?:,"check":(\d+)\}\n)?/;
/** The name, the sequence and the check are in so many bytes. */
const HEAD_BYTES = 80;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A message that travels in parts has at least so many bytes, and about as many as that more at most. */
const LARGE_BYTES = 33 * 1024;
const MORE_BYTES = 127 * 1024;

/** Bytes of a message that travels in parts; `size` is from 0 to 1, and counted around. */
export function largeSize(size: number): number {
  return LARGE_BYTES + Math.floor((size % 1) ** 2 * MORE_BYTES);
}

/** From here on payloads of bytes are checked whole. */
const CHECKED_BYTES = 32 * 1024;
/** No two pieces of it are the same. */
const FILLING = filling(512 * 1024);

/** The message's name, `publisher/sequence`. */
export function idOf(payload: Payload): string {
  const text = typeof payload === "string" ? payload : decoder.decode(payload.subarray(0, HEAD_BYTES));
  const match = FORM.exec(text);
  if (match === null) return `unreadable ${text.slice(0, 40)}`;
  const [head, publisher, sequence, check] = match;
  const id = `${publisher}/${sequence}`;
  if (check === undefined || typeof payload === "string") return id;
  return crc32(payload.subarray(head.length)) === Number(check) ? id : `damaged ${id}`;
}

/** The same of a message as a client gets it. */
export function idOfData(data: unknown): string {
  if (data instanceof Uint8Array) return idOf(data);
  const { p, n } = data as Content;
  return `${p}/${n}`;
}

/** A payload of about `size` bytes; `bytes` sends it as bytes. */
export function contentOf(publisher: string, sequence: number, size: number, bytes: boolean): unknown {
  if (bytes && size > CHECKED_BYTES) return checked(publisher, sequence, size);
  const content: Content = { p: publisher, n: sequence, ...(size > 40 && { pad: "x".repeat(size - 40) }) };
  return bytes ? encoder.encode(JSON.stringify(content)) : content;
}

function checked(publisher: string, sequence: number, size: number): Uint8Array {
  const start = crc32(`${publisher}/${sequence}`) % (FILLING.length - size);
  const rest = FILLING.subarray(start, start + size);
  const head = encoder.encode(`{"p":"${publisher}","n":${sequence},"check":${crc32(rest)}}\n`);
  const whole = new Uint8Array(head.length + size);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}

function filling(size: number): Uint8Array {
  const words = new Uint32Array(size / 4);
  let word = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[i] = word;
  }
  return new Uint8Array(words.buffer);
}
