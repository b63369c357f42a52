/** The commands that a request brings: which of them its endpoint takes. */
import { CommandError, NotACommand, decodeCommand, type Line } from "../../../protocol/index.js";

/** A connect command that is answered also where it has no id: a stream has to begin, and a poll to end. */
export function withId(lines: readonly Line[]): Line[] {
  return lines.map(({ value, bytes }) => ({ value: { id: 0, ...(value as object) }, bytes }));
}

/** What is wrong with lines that are to be one connect command. */
export function connectProblem(lines: readonly Line[]): string | undefined {
  const [first] = lines;
  if (first === undefined || lines.length > 1) return 'one connect command is wanted, such as {"connect":{}}';
  return commandProblem(first, (command) =>
    command === "connect" ? undefined : "the command must be connect",
  );
}

/** What is wrong with lines that are to be a connect command without subscriptions, and further commands. */
export function sendProblem(lines: readonly Line[]): string | undefined {
  const [first, ...others] = lines;
  if (first === undefined) return 'a connect command comes first, such as {"connect":{}}';
  const problem = commandProblem(first, (command, subs) => {
    if (command !== "connect") return "the first command must be connect";
    return subs === 0 ? undefined : "subs belong into a stream, a poll or a WebSocket: this answer ends";
  });
  if (problem !== undefined) return problem;
  for (const line of others) {
    const wrong = commandProblem(
      line,
      (command) =>
        UNFIT.has(command) ? `${command} cannot be sent on its own: this answer ends` : undefined,
      true,
    );
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const UNFIT: ReadonlySet<string> = new Set(["connect", "refresh", "subscribe", "unsubscribe"]);

function commandProblem(
  line: Line,
  judge: (command: string, subs: number) => string | undefined,
  answered = false,
): string | undefined {
  try {
    const command = decodeCommand(line);
    return judge(command.do, command.do === "connect" ? command.subs.size : 0);
  } catch (error) {
    // A command that is answered with an error by itself is no reason to refuse the others.
    if (error instanceof CommandError) return answered ? undefined : error.message;
    if (error instanceof NotACommand) return error.message;
    throw error;
  }
}
