#!/usr/bin/env node
/** `tidemark serve`, and the help for it. */
import { UsageError } from "./usage.js";
import { serve } from "./serve.js";

const USAGE = `tidemark - real-time channels that never lose their place

  tidemark serve [options]     a server of its own, for clients and backends in any language
  tidemark help                this text

Options of serve:
  --port N         default 8080, or PORT
  --host NAME      default all interfaces, or HOST
  --config FILE    which channels there are: a JSON file, see below
  --origin URL     pages of this origin may connect too; may be given several times

The config file says what each channel pattern is:
  { "channels": { "chat/:id": { "kind": "stream", "retain": { "count": 1000, "for": "7d" }, "presence": true },
                  "typing/:id": { "kind": "transient" } } }
Without one there are just these: chat/:id, keeping 1,000 messages, with presence, and typing/:id.
`;

async function main([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case "serve":
      return serve(args, process.env);
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(USAGE);
      return;
    default:
      throw new UsageError(`there is no command ${JSON.stringify(command)}; try tidemark help`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`tidemark: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write(`tidemark: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
