/**
 * How a frame falls into lines, and where the bytes of a binary payload stand. The same grammar for text and
 * binary frames: a line that says `"bytes": n` is followed by n bytes - raw in a binary frame, as a line of
 * base64 in a text frame.
 */
import { fromBase64, toBase64 } from "./base64.js";

/** One line of a frame, parsed, with the bytes that belong to it. */
export interface Line {
  readonly value: unknown;
  readonly bytes: Uint8Array | undefined;
}

/** A frame that cannot be read. The peer is told `message` and the connection closes. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const NEWLINE = 10;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Reads a text frame. It is tried whole first, so that JSON typed over several lines works; only then is it
 * split at newlines.
 *
 * @throws {FrameError} when a line is not JSON or announces bytes that are not there
 */
export function readTextLines(frame: string): Line[] {
  const whole = tryParse(frame);
  if (whole === undefined) return splitTextLines(frame);
  const size = announcedBytes(whole.value);
  if (size === undefined) return [{ value: whole.value, bytes: undefined }];
  // The base64 of no bytes is an empty line, which JSON takes for space.
  if (size === 0) return [{ value: whole.value, bytes: new Uint8Array(0) }];
  throw new FrameError("the bytes that the line announces are missing");
}

/**
 * Reads a text frame whose sender puts every value on a line of its own, as a server does.
 *
 * @throws {FrameError} as {@link readTextLines}
 */
export function splitTextLines(frame: string): Line[] {
  const lines: Line[] = [];
  const texts = frame.split("\n");
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] as string;
    if (text.trim() === "") continue;
    const value = parse(text);
    const size = announcedBytes(value);
    if (size === undefined) {
      lines.push({ value, bytes: undefined });
      continue;
    }
    const bytes = fromBase64(texts[++i] ?? "");
    if (bytes?.length !== size) throw new FrameError(`expected a line with the base64 of ${size} bytes`);
    lines.push({ value, bytes });
  }
  return lines;
}

/**
 * Reads a binary frame: lines of UTF-8, each ended by a newline or the frame's end, bytes after the lines that
 * announce them. The bytes are views into `frame`.
 *
 * @throws {FrameError} when a line is not JSON or UTF-8, or announces more bytes than follow
 */
export function readBinaryLines(frame: Uint8Array): Line[] {
  const lines: Line[] = [];
  let at = 0;
  while (at < frame.length) {
    let end = frame.indexOf(NEWLINE, at);
    if (end < 0) end = frame.length;
    const text = decodeUtf8(frame.subarray(at, end));
    at = end + 1;
    if (text.trim() === "") continue;
    const value = parse(text);
    const size = announcedBytes(value);
    if (size === undefined) {
      lines.push({ value, bytes: undefined });
      continue;
    }
    if (at + size > frame.length) throw new FrameError(`expected ${size} bytes after the line`);
    lines.push({ value, bytes: frame.subarray(at, at + size) });
    at += size;
  }
  return lines;
}

/** A line and its bytes as part of a binary frame. Lines are put together with a newline between them. */
export function writeBinaryLine(line: string, bytes: Uint8Array): Uint8Array {
  const head = encoder.encode(`${line}\n`);
  const out = new Uint8Array(head.length + bytes.length);
  out.set(head);
  out.set(bytes, head.length);
  return out;
}

/** A line and its bytes as part of a text frame. */
export function writeTextLine(line: string, bytes: Uint8Array): string {
  return `${line}\n${toBase64(bytes)}`;
}

/** How many bytes follow the line with this value, or `undefined` when none do. */
function announcedBytes(value: unknown): number | undefined {
  const holder: unknown = Array.isArray(value) ? value[3] : value;
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, "bytes")) return undefined;
  const size = (holder as { bytes: unknown }).bytes;
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) return size;
  throw new FrameError("bytes must be a whole number of bytes");
}

function tryParse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  const parsed = tryParse(text);
  if (parsed === undefined) throw new FrameError(`not JSON: ${text.slice(0, 60)}`);
  return parsed.value;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FrameError("not UTF-8");
  }
}
