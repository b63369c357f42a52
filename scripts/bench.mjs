// npm run soak, npm run bench and what is like them: installs and builds what is missing, then runs
// build/bench/<name>.js. Further arguments are the benchmark's own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureBenchInstalled, ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root } from "./lib/run.mjs";

const [name, ...args] = process.argv.slice(2);
// "with-peers:bench": it runs other servers too, whose packages nothing else needs.
const [file, withPeers] = name.startsWith("with-peers:")
  ? [name.slice("with-peers:".length), true]
  : [name, false];

await main(`npm run ${process.env.npm_lifecycle_event ?? "bench"}`, async () => {
  await ensureInstalled();
  if (withPeers) await ensureBenchInstalled();
  await ensureBuilt();
  const program = join(root, "build/bench", `${file}.js`);
  if (!existsSync(program)) throw new Failure(`there is no ${program}`);
  process.argv.splice(1, process.argv.length - 1, program, ...args);
  await import(pathToFileURL(program).href);
});
