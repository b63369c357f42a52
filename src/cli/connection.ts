/** What `sub`, `pub`, `ls` and `whoami` have in common: where the server is, who asks, and how to print. */
import { UsageError } from "./usage.js";

export const DEFAULT_URL = "ws://localhost:8080/connect";

/** The options that all of them take. */
export const CONNECTION_OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  json: { type: "boolean" },
} as const;

export interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Whatever `parse` makes of the command line.
 *
 * @throws {UsageError} when there is an option that the command does not have
 * @example understood(() => parseArgs({ args, options: CONNECTION_OPTIONS, allowPositionals: true }))
 */
export function understood<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(`${(error as Error).message}; try tidemark help`);
  }
}

/**
 * Where to connect, and as whom: by option, else by environment.
 *
 * @throws {UsageError} when the address is none
 */
export function targetOf(
  values: { readonly url?: string | undefined; readonly token?: string | undefined },
  env: NodeJS.ProcessEnv,
): Target {
  return { url: addressOf(values, env), token: values.token ?? env["TIDEMARK_TOKEN"] };
}

/**
 * Where the server's channels are: by option, else by environment.
 *
 * @throws {UsageError} when the address is none
 */
export function addressOf(values: { readonly url?: string | undefined }, env: NodeJS.ProcessEnv): string {
  const url = values.url ?? env["TIDEMARK_URL"] ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^(ws|http)s?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`--url takes an address such as ${DEFAULT_URL}, not ${JSON.stringify(url)}`);
  }
  return url.replace(/^http/, "ws");
}

/** The one channel that a command is about. */
export function channelOf(positionals: readonly string[], usage: string): string {
  const [channel] = positionals;
  if (channel === undefined) throw new UsageError(`which channel? ${usage}`);
  return channel;
}

/**
 * A whole number of at least 0.
 *
 * @throws {UsageError} when it is something else
 */
export function wholeNumber(text: string, option: string, most = Number.MAX_SAFE_INTEGER): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  throw new UsageError(
    `--${option} takes a whole number${most < 1e6 ? ` from 0 to ${most}` : ""}, not ${JSON.stringify(text)}`,
  );
}

/** Resolves when the user, or whoever runs us, wants an end. A second signal ends the process at once. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
