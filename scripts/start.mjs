// npm start: installs and builds what is missing or outdated, then serves the examples.
// Arguments go to the server: npm start -- --port 8080 --host 0.0.0.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root } from "./lib/run.mjs";

await main("npm start", async () => {
  await ensureInstalled();
  await ensureBuilt();
  const server = join(root, "build/examples/serve.js");
  if (!existsSync(server)) {
    throw new Failure("build/examples/serve.js is missing, and examples/serve.ts should have become it.");
  }
  // In this process, as if `node build/examples/serve.js` had been called: signals, arguments and
  // the exit code are the server's own.
  process.argv[1] = server;
  await import(pathToFileURL(server).href);
});
