/** The commands that a request brings: which of them its endpoint takes. */
import {
  CommandError,
  NotACommand,
  decodeCommand,
  decodeInput,
  type Command,
  type Line,
} from "../../../protocol/index.js";
import type { Incoming } from "../../connection/commands/read-frame.js";

/** One connect command, or in words what lines are that are none. It is answered also where it has no id: a stream has to begin, and a poll to end. */
export function readConnect(lines: readonly Line[]): Incoming[] | string {
  const [first] = lines;
  if (first === undefined || lines.length > 1) return 'one connect command is wanted, such as {"connect":{}}';
  const command = readCommand(first);
  if (typeof command === "string") return command;
  if (command.do !== "connect") return "the command must be connect";
  return [{ ...command, id: command.id ?? 0 }];
}

/** A connect command without subscriptions, and further commands; or in words what is wrong with them. */
export function readCommands(lines: readonly Line[]): Incoming[] | string {
  const [first, ...others] = lines;
  if (first === undefined) return 'a connect command comes first, such as {"connect":{}}';
  const connect = readCommand(first);
  if (typeof connect === "string") return connect;
  if (connect.do !== "connect") return "the first command must be connect";
  if (connect.subs.size > 0) return "subs belong into a stream, a poll or a WebSocket: this answer ends";
  if (others.filter(({ value }) => Array.isArray(value)).length > MOST_INPUTS)
    return `at most ${MOST_INPUTS} inputs in one request`;
  const commands: Incoming[] = [connect];
  for (const line of others) {
    const command = readOther(line);
    if (typeof command === "string") return command;
    commands.push(command);
  }
  return commands;
}

/** More than a client has unacknowledged in all the rooms that it may play in. */
const MOST_INPUTS = 256;

const UNFIT: ReadonlySet<string> = new Set(["connect", "refresh", "subscribe", "unsubscribe", "tune"]);

function readCommand(line: Line): Command | string {
  try {
    return decodeCommand(line);
  } catch (error) {
    if (error instanceof CommandError || error instanceof NotACommand) return error.message;
    throw error;
  }
}

function readOther(line: Line): Incoming | string {
  try {
    if (Array.isArray(line.value))
      return typeof decodeInput(line.value).to === "string"
        ? line
        : "numbers of channels are a connection's own: over HTTP an input names its channel by its name";
    const command = decodeCommand(line);
    return UNFIT.has(command.do) ? `${command.do} cannot be sent on its own: this answer ends` : command;
  } catch (error) {
    // A command that is answered with an error by itself is no reason to refuse the others.
    if (error instanceof CommandError) return line;
    if (error instanceof NotACommand) return error.message;
    throw error;
  }
}
