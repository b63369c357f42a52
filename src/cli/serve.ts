/** `tidemark serve`: a server of its own. */
import { parseArgs } from "node:util";
import { tidemark } from "../server/index.js";
import { readChannels } from "./config.js";
import { UsageError } from "./usage.js";

interface ServeOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly config: string | undefined;
  readonly origins: readonly string[];
}

/**
 * Serves until SIGINT or SIGTERM.
 *
 * @throws {UsageError} when the arguments or the config file make no sense, or the port is taken
 */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { port, host, config, origins } = readArgs(args, env);
  const channels = readChannels(config);
  const app = open(() => tidemark({ origins }).channels(channels));
  const { url } = await app.listen({ port, ...(host !== undefined && { host }) }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EADDRINUSE") throw new UsageError(`port ${port} is taken; choose another with --port`);
    throw error;
  });
  process.stdout.write(`Tidemark is at ${url.replace("http", "ws")}/connect\n`);
  for (const pattern of Object.keys(channels)) process.stdout.write(`  ${pattern}\n`);
  const stop = (): void => void app.close().then(() => process.exit(0));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

/** Clashing patterns are a mistake in the config. */
function open<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

function readArgs(args: readonly string[], env: NodeJS.ProcessEnv): ServeOptions {
  const options = {
    port: { type: "string" },
    host: { type: "string" },
    config: { type: "string" },
    origin: { type: "string", multiple: true },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const port = Number(values.port ?? env["PORT"] ?? 8080);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError("--port takes a number from 0 to 65535");
    return { port, host: values.host ?? env["HOST"], config: values.config, origins: values.origin ?? [] };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}; try tidemark help`);
  }
}
