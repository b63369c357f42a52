/**
 * What is larger than a frame travels in parts: lines of one message, or of one answer, that say which part they are,
 * and all but the last that there are more. What the message says besides stands in part 0.
 */
import { joinBytes } from "./bytes.js";
import { FrameError, type Line, aboutOf, writeBinaryLine } from "./lines.js";

/** What has come of a message that is not whole. */
export interface Incomplete {
  /** The value of part 0. */
  readonly value: unknown;
  /** The bytes of each part. */
  readonly bytes: Uint8Array[];
}

/** Whose messages or answer come in parts: there is one for each channel, and for each command that is answered. */
export interface PartOwner {
  /** Its parts are given to it one by one, not put together: what is a list need not be whole to be read. */
  readonly apart?: boolean | undefined;
  /** By setting it to `undefined` it is dropped. */
  parts?: Incomplete | undefined;
}

/**
 * Takes a line. Returns it where it is a message of one part, or its owner takes them apart; where it is the last of several, what part 0 says and the
 * bytes of all of them; and `undefined` while parts are missing.
 *
 * @param ownerOf says whose a line with this value is, where it is one of several; a part of nobody's is left out
 * @throws {FrameError} when it is neither part 0 nor the one that comes next
 * @example
 * // A client has a record for each channel that it is subscribed to, and for each command that is not answered.
 * for (const part of readBinaryLines(frame)) {
 *   const line = joinPart(part, (value) => (Array.isArray(value) ? channels.get(value[0]) : commands.get(value.id)));
 *   if (line) handle(decodeServer(line));
 * }
 */
export function joinPart(line: Line, ownerOf: (value: unknown) => PartOwner | undefined): Line | undefined {
  const { part, more } = aboutOf(line.value);
  if (part === undefined) return line;
  const owner = ownerOf(line.value);
  if (!owner) return undefined;
  if (owner.apart) return line;
  const parts = part === 0 ? { value: line.value, bytes: [] } : owner.parts;
  if (parts?.bytes.length !== part || offsetOf(parts) !== offsetOf(line) || !line.bytes)
    throw new FrameError(`part ${part as number} is not the next one`);
  parts.bytes.push(line.bytes);
  owner.parts = more ? parts : undefined;
  return more ? undefined : { value: parts.value, bytes: joinBytes(parts.bytes) };
}

/** Where the message is in its channel; `undefined` of an answer. */
function offsetOf({ value }: { readonly value: unknown }): unknown {
  return (value as readonly unknown[])[1];
}

/**
 * A command with bytes, as parts of binary frames that may be sent one by one, or together as one; a single one, which
 * says nothing of parts, where `most` bytes are enough.
 *
 * @param line its line, without the bytes' number and what closes it: `{"id":5,"publish":"files/logo","data":null`
 * @param further the same of the parts after the first: `{"id":5,"publish":"files/logo"`
 * @param most how many bytes there are in a part at most; with the line they have to fit into a frame
 * @example
 * const name = `{"id":5,"publish":"files/logo"`;
 * for (const frame of writeParts(`${name},"data":null`, name, png, 47 * 1024)) socket.send(frame);
 */
export function writeParts(line: string, further: string, bytes: Uint8Array, most: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = line;
  let at = 0;
  do {
    const part = bytes.subarray(at, (at += most));
    const more = at < bytes.length ? ',"more":true' : "";
    const marks = more || start === further ? `,"part":${parts.length}${more}` : "";
    parts.push(writeBinaryLine(`${start},"bytes":${part.length}${marks}}`, part));
    start = further;
  } while (at < bytes.length);
  return parts;
}
