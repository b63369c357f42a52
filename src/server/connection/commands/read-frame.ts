/** What a frame from a peer is read as: commands, where they are plain, or lines that are made commands one by one. */
import { readBinaryLines, readTextLines, type Command, type Line } from "../../../protocol/index.js";
import { MOST_LINES } from "../../../protocol/lines.js";
import type { ConnectionLimits } from "../node.js";
import type { MessageInParts } from "./message-in-parts.js";
import { readPlainCommands } from "./plain-commands.js";

/** What is no command yet: told by a field that it has not got, which costs less than to ask whether it has one. */
interface NoCommand {
  readonly do?: undefined;
}

/** A command, read or yet to be read, or one that has come in parts. */
export type Incoming = (Line & NoCommand) | Command | (MessageInParts & NoCommand);

/**
 * Hot path. Reads a text frame: valid UTF-8, from `from` up to `to` in bytes that are overwritten afterwards.
 *
 * @param ascii whether all of that is ASCII
 * @throws {FrameError} as `readTextLines`
 */
export function readTextFrame(
  bytes: Buffer,
  from: number,
  to: number,
  ascii: boolean,
  limits: ConnectionLimits,
): (Line | Command)[] {
  const commands = readPlainCommands(bytes, from, to, ascii);
  if (commands !== undefined) return commands;
  return readTextLines(bytes.toString(ascii ? "latin1" : "utf8", from, to), mostLines(limits));
}

/**
 * Reads a binary frame, whose bytes the lines keep.
 *
 * @throws {FrameError} as `readBinaryLines`
 */
export function readBinaryFrame(frame: Uint8Array, limits: ConnectionLimits): Line[] {
  return readBinaryLines(frame, mostLines(limits));
}

/** Who may send commands without end may send as many in a frame as go into one. */
function mostLines({ commands }: ConnectionLimits): number {
  return commands === false ? Infinity : MOST_LINES;
}
