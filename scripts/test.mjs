// npm test: installs what the tests need, builds, checks, and runs every test.
// npm test -- test/protocol runs the tests of that folder or file only, without the checks.
// Tests learn from TIDEMARK_MISSING ("chromium,…") which programs could not be installed, and skip.
import { join } from "node:path";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { main, root, run, tool } from "./lib/run.mjs";
import { ensureSystemPackages } from "./lib/system-packages.mjs";

await main("npm test", async () => {
  const selection = process.argv.slice(2);
  await ensureInstalled();
  const missing = await ensureSystemPackages();
  await ensureBuilt();
  const checks = selection.length > 0 ? 0 : await run(process.execPath, [join(root, "scripts/check.mjs")]);
  const tests = await run(tool("vitest"), ["run", ...selection], {
    NODE_ENV: "test",
    TIDEMARK_MISSING: missing.join(","),
    TIDEMARK_CHECKS: checks === 0 ? "" : "failed",
  });
  return tests !== 0 ? tests : checks;
});
