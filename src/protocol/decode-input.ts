/** From an array that a client has sent to an input. Hot: once an input. */
import { channelNameProblem } from "./channel-name.js";
import { NotACommand, nameOf } from "./field-reader.js";
import { isOffset } from "./offset.js";
import type { InputLine } from "./room-frames.js";

const FORM = "an array is an input, [ch,n,input] or [ch,n,input,seen]";

/**
 * Reads a line that is an array.
 *
 * @throws {NotACommand} where it is no input; a number where a channel's name could be
 */
export function decodeInput(line: readonly unknown[]): InputLine {
  const [to, n, input = null, seen] = line;
  // Said of every array, before there were inputs.
  if (!isOffset(n))
    throw new NotACommand(`a command is an object such as {"id":1,"subscribe":"chat/lobby"}, not an array`);
  if (!isOffset(to) && typeof to !== "string")
    throw new NotACommand(`${FORM}; ${nameOf(to)} names no channel`);
  const problem = typeof to === "string" ? channelNameProblem(to) : undefined;
  if (problem !== undefined) throw new NotACommand(problem);
  if (line.length < 3 || line.length > 4)
    throw new NotACommand(`${FORM}, and has no ${line.length} elements`);
  if (seen === undefined || seen === null) return { to, n, input, seen: undefined };
  if (!isOffset(seen)) throw new NotACommand(`${FORM}; seen is a tick, not ${nameOf(seen)}`);
  return { to, n, input, seen };
}
