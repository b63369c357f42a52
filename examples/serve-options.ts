/** What `npm start` can be told: `npm start -- --port 8081`, or PORT and HOST in the environment. */
import { parseArgs } from "node:util";

export interface ServeOptions {
  readonly port: number;
  /** Undefined: every address of this machine, as Node does it by itself. */
  readonly host: string | undefined;
}

export const USAGE = `npm start -- [--port 8080] [--host 127.0.0.1]

  --port  where to listen; or PORT in the environment; 0 takes any free port (default 8080)
  --host  the address to listen on; or HOST in the environment (default: all, so that a phone
          beside you and the world outside a container get in; 127.0.0.1 keeps it to this machine)`;

/** A mistake in what the user typed; the message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Options from the command line and the environment, in this order of precedence; "help" if that is asked for.
 *
 * @throws {UsageError} when something is unknown or no port
 * @example readOptions(["--port", "8081"], {}) // { port: 8081, host: undefined }
 */
export function readOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServeOptions | "help" {
  const given = parse(args);
  if (given.help === true) return "help";
  const host = given.host ?? environment["HOST"];
  return {
    port: portFrom(given.port ?? environment["PORT"] ?? ""),
    host: host === "" ? undefined : host,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string", short: "p" },
        host: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message}\n\n${USAGE}`, { cause: error });
  }
}

function portFrom(text: string): number {
  if (text === "") return 8080;
  const port = Number(text);
  if (!/^\d+$/u.test(text) || port > 65_535) {
    throw new UsageError(`a port is a number from 0 to 65535, not ${JSON.stringify(text)}`);
  }
  return port;
}
