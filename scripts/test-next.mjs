// npm run test:next: the example with Next, whose 340 MB npm test does without.
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled, ensureNextInstalled } from "./lib/install.mjs";
import { main, run, tool } from "./lib/run.mjs";

await main("npm run test:next", async () => {
  await ensureInstalled();
  await ensureNextInstalled();
  await ensureBuilt();
  return run(tool("vitest"), ["run", "test/frameworks/next.test.ts"], {
    NODE_ENV: "test",
    TIDEMARK_NEXT: "installed",
  });
});
