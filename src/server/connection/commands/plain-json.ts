/**
 * Hot path: JSON that is written as `JSON.stringify` would write it, as clients of ours do, is found to be so where it
 * lies in bytes. It need be neither parsed nor written again; whatever else there is, is for `JSON.parse`.
 */

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const LETTER_F = 102;
const LETTER_N = 110;
const LETTER_T = 116;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const SPACE = 32;

/** Numbers of so many digits come out of a double as they went in. */
export const MAX_DIGITS = 15;
/** With more zeros after the point `JSON.stringify` writes an exponent. */
const MAX_ZEROS = 5;
/** How deep a value may be nested that is looked through. */
const MAX_DEPTH = 32;
/** How many keys the objects may have that are open at one time: each is compared with those before it. */
const MAX_KEYS = 32;

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

/** The keys of the objects that are open: where they begin, and how long they are. */
const keyStarts = new Int32Array(MAX_KEYS);
const keySizes = new Int32Array(MAX_KEYS);

/**
 * Where the JSON value ends that begins at `at`; -1 unless it is plainly what `JSON.stringify` would write of it.
 *
 * @param bytes valid UTF-8 up to `to`
 */
export function endOfPlainJson(bytes: Buffer, at: number, to: number): number {
  return endOfValue(bytes, at, to, 0, 0);
}

/** Whether these bytes stand there. */
export function has(bytes: Buffer, part: Buffer, at: number): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

/** Where the string ends whose first character stands at `at`, its quote included; -1 where it has anything escaped. */
export function endOfPlainString(bytes: Buffer, at: number, to: number): number {
  for (let i = at; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte < SPACE || byte === BACKSLASH) return -1;
  }
  return -1;
}

/** Where the digits end that begin at `at`. */
export function endOfDigits(bytes: Buffer, at: number, to: number): number {
  let i = at;
  while (i < to && isDigit(bytes[i] as number)) i++;
  return i;
}

/** @param keys how many {@link keyStarts} there are of objects around this value */
function endOfValue(bytes: Buffer, at: number, to: number, depth: number, keys: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return endOfPlainString(bytes, at + 1, to);
    case OPEN_OBJECT:
      return depth === MAX_DEPTH ? -1 : endOfObject(bytes, at + 1, to, depth + 1, keys);
    case OPEN_ARRAY:
      return depth === MAX_DEPTH ? -1 : endOfArray(bytes, at + 1, to, depth + 1, keys);
    case LETTER_T:
      return has(bytes, TRUE, at) ? at + TRUE.length : -1;
    case LETTER_F:
      return has(bytes, FALSE, at) ? at + FALSE.length : -1;
    case LETTER_N:
      return has(bytes, NULL, at) ? at + NULL.length : -1;
    default:
      return endOfNumber(bytes, at, to);
  }
}

function endOfObject(bytes: Buffer, start: number, to: number, depth: number, before: number): number {
  if (bytes[start] === CLOSE_OBJECT) return start + 1;
  let at = start;
  for (let keys = before; keys < MAX_KEYS; keys++) {
    if (bytes[at] !== QUOTE) return -1;
    const key = at + 1;
    // A key that is an index comes first, wherever it was written.
    if (isDigit(bytes[key] as number)) return -1;
    const end = endOfPlainString(bytes, key, to);
    if (end < 0 || bytes[end] !== COLON || isKnown(bytes, key, end - key, before, keys)) return -1;
    keyStarts[keys] = key;
    keySizes[keys] = end - key;
    at = endOfValue(bytes, end + 1, to, depth, keys + 1);
    if (at < 0) return -1;
    const next = bytes[at++];
    if (next === CLOSE_OBJECT) return at;
    if (next !== COMMA) return -1;
  }
  return -1;
}

/** Whether the object has this key already: then only the last of both counts. */
function isKnown(bytes: Buffer, key: number, size: number, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (keySizes[i] !== size) continue;
    const known = keyStarts[i] as number;
    let same = 0;
    while (same < size && bytes[known + same] === bytes[key + same]) same++;
    if (same === size) return true;
  }
  return false;
}

function endOfArray(bytes: Buffer, start: number, to: number, depth: number, keys: number): number {
  if (bytes[start] === CLOSE_ARRAY) return start + 1;
  let at = start;
  for (;;) {
    at = endOfValue(bytes, at, to, depth, keys);
    if (at < 0) return -1;
    const next = bytes[at++];
    if (next === CLOSE_ARRAY) return at;
    if (next !== COMMA) return -1;
  }
}

function endOfNumber(bytes: Buffer, at: number, to: number): number {
  const start = bytes[at] === MINUS ? at + 1 : at;
  const point = endOfDigits(bytes, start, to);
  const isZero = bytes[start] === ZERO;
  if (point === start || (isZero && point > start + 1)) return -1;
  if (point === to || bytes[point] !== POINT) {
    // Minus zero is written as zero.
    return point - start > MAX_DIGITS || (isZero && start > at) ? -1 : point;
  }
  const end = endOfDigits(bytes, point + 1, to);
  if (end === point + 1 || bytes[end - 1] === ZERO || end - start - 1 > MAX_DIGITS) return -1;
  let zeros = 0;
  if (isZero) while (bytes[point + 1 + zeros] === ZERO) zeros++;
  return zeros > MAX_ZEROS ? -1 : end;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
