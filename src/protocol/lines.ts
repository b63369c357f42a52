/**
 * How a frame falls into lines, and where the bytes of a binary payload stand. The same grammar for text and
 * binary frames: a line that says `"bytes": n` is followed by n bytes - raw in a binary frame, as a line of
 * base64 in a text frame.
 */
import { fromBase64, toBase64 } from "./base64.js";
import { joinBytes } from "./bytes.js";
import { isOffset } from "./offset.js";

/** One line of a frame, parsed, with the bytes that belong to it. */
export interface Line {
  readonly value: unknown;
  readonly bytes: Uint8Array | undefined;
}

/** A frame that cannot be read. The peer is told `message` and the connection closes. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** As many values a frame from a client may hold: fewer than that go into one that it fills as it should. */
export const MOST_LINES = 4096;

const NEWLINE = 10;
const SPACE = 32;
const NOT_SPACE = /[^ \t\n\r]/g;
// Made when bytes are first seen: not every runtime of clients has them, and most clients never see any.
let decoder: TextDecoder | undefined;
let encoder: TextEncoder | undefined;

/**
 * Reads a text frame: as one JSON value, which may have been typed over several lines, or as one value per line. Where
 * the first line is a value, the whole cannot be one, unless nothing follows.
 *
 * @param most lines with something in them
 * @throws {FrameError} when a line is not JSON or announces bytes that are not there, or there are too many
 */
export function readTextLines(frame: string, most = Infinity): Line[] {
  const start = endOfSpace(frame, 0);
  // What means nothing is not tried as JSON, which would fail.
  if (start === frame.length) return [];
  const newline = frame.indexOf("\n", start);
  if (newline >= 0 && tryParse(frame.slice(start, newline)) !== NOT_JSON)
    return atMost(most, splitTextLines(frame, most));
  const value = tryParse(frame);
  if (value === NOT_JSON) return atMost(most, splitTextLines(frame, most));
  const size = announcedBytes(value);
  if (size === undefined) return [{ value, bytes: undefined }];
  // The base64 of no bytes is an empty line, which JSON takes for space.
  if (size === 0) return [{ value, bytes: new Uint8Array(0) }];
  return fail("the bytes that the line announces are missing");
}

/**
 * Reads a text frame whose sender puts every value on a line of its own, as a server does. Gives no more than one line too many.
 *
 * @throws {FrameError} as {@link readTextLines}
 */
export function splitTextLines(frame: string, most = Infinity): Line[] {
  let at = 0;
  const line = (): string => {
    const newline = frame.indexOf("\n", at);
    const end = newline < 0 ? frame.length : newline;
    const text = frame.slice(at, end);
    at = end + 1;
    return text;
  };
  return linesOf(
    () => {
      at = endOfSpace(frame, at);
      return at < frame.length ? line() : undefined;
    },
    (size) => {
      const bytes = fromBase64(line());
      return bytes?.length === size ? bytes : fail(`expected a line with the base64 of ${size} bytes`);
    },
    most,
  );
}

/** Where JSON's white space, which begins at `from` or not at all, has ended. Blank lines cost no more than this. */
function endOfSpace(text: string, from: number): number {
  // Nearly always there is none.
  if (text.charCodeAt(from) > SPACE) return from;
  NOT_SPACE.lastIndex = from;
  return NOT_SPACE.test(text) ? NOT_SPACE.lastIndex - 1 : text.length;
}

/** Space, tab, newline and return. */
function isSpace(code: number): boolean {
  return code === SPACE || code === NEWLINE || code === 9 || code === 13;
}

/**
 * Reads a binary frame: lines of UTF-8, each ended by a newline or the frame's end, bytes after the lines that
 * announce them. The bytes are views into `frame`.
 *
 * @throws {FrameError} when a line is not JSON or UTF-8, or announces more bytes than follow
 */
export function readBinaryLines(frame: Uint8Array, most = Infinity): Line[] {
  return atMost(most, splitBinaryLines(frame, most));
}

/** The same, which gives no more than one line too many. */
export function splitBinaryLines(frame: Uint8Array, most = Infinity): Line[] {
  let at = 0;
  function take(end: number): Uint8Array {
    const part = frame.subarray(at, end);
    at = end;
    return part;
  }
  return linesOf(
    () => {
      while (at < frame.length && isSpace(frame[at] as number)) at++;
      if (at >= frame.length) return undefined;
      const end = frame.indexOf(NEWLINE, at);
      const text = decodeUtf8(take(end < 0 ? frame.length : end));
      at++;
      return text;
    },
    (size) => (at + size > frame.length ? fail(`expected ${size} bytes after the line`) : take(at + size)),
    most,
  );
}

function atMost(most: number, lines: Line[]): Line[] {
  return lines.length > most ? fail(`more than ${most} lines with something in them`) : lines;
}

/** The lines that `next` gives until there are none, or more than `most`, each with the bytes that it announces, which `take` gives. */
function linesOf(next: () => string | undefined, take: (size: number) => Uint8Array, most: number): Line[] {
  const lines: Line[] = [];
  for (let text = next(); text !== undefined && lines.length <= most; text = next()) {
    const value = parse(text);
    const size = announcedBytes(value);
    lines.push({ value, bytes: size === undefined ? undefined : take(size) });
  }
  return lines;
}

/** A line and its bytes as part of a binary frame. Lines are put together with a newline between them. */
export function writeBinaryLine(line: string, bytes: Uint8Array): Uint8Array {
  encoder ??= new TextEncoder();
  return joinBytes([encoder.encode(`${line}\n`), bytes]);
}

/** A line and its bytes as part of a text frame. */
export function writeTextLine(line: string, bytes: Uint8Array): string {
  return `${line}\n${toBase64(bytes)}`;
}

/** What a line says of what follows it. None of it need be what it should be. */
export interface About {
  /** How many bytes follow. */
  bytes?: unknown;
  /** Which part of its message it is, from 0, where it is one of several. */
  part?: unknown;
  /** Whether there are more parts. */
  more?: unknown;
}

const NOTHING: About = {};

/** Where the line with this value says so: an object in itself, a message in its meta. */
export function aboutOf(value: unknown): About {
  return ((Array.isArray(value) ? value[3] : value) ?? NOTHING) as About;
}

/** How many bytes follow the line with this value, or `undefined` when none do. */
function announcedBytes(value: unknown): number | undefined {
  const { bytes } = aboutOf(value);
  return bytes === undefined || isOffset(bytes) ? bytes : fail("bytes must be a whole number of bytes");
}

/** What no JSON is. */
const NOT_JSON = Symbol("not JSON");

/** The value, or {@link NOT_JSON}. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return NOT_JSON;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return fail(`not JSON: ${text.slice(0, 60)}`);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  decoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(bytes);
  } catch {
    return fail("not UTF-8");
  }
}

function fail(message: string): never {
  throw new FrameError(message);
}
