// npm run sim, npm run sim:mutants: the simulation's commands, built first where that is needed.
import { join } from "node:path";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { main, root, run } from "./lib/run.mjs";

const [command, ...rest] = process.argv.slice(2);

await main("npm run sim", async () => {
  await ensureInstalled();
  await ensureBuilt();
  return run(process.execPath, [join(root, "build/sim", `${command}.js`), ...rest]);
});
