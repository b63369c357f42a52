// npm run api: writes docs/api.md and docs/exports.txt, out of the declarations that the compiler made.
// npm run api -- --check only says whether they are as they would be written.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiPage, exportsList } from "./lib/api/pages.mjs";
import { entryPoints } from "./lib/api/entry-points.mjs";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root } from "./lib/run.mjs";

await main("npm run api", async () => {
  await ensureInstalled();
  await ensureBuilt();
  const entries = entryPoints();
  const check = process.argv.includes("--check");
  for (const [name, text] of [
    ["docs/exports.txt", exportsList(entries)],
    ["docs/api.md", apiPage(entries)],
  ]) {
    const path = join(root, name);
    if (!check) writeFileSync(path, text);
    else if (readFileSync(path, "utf8") !== text) {
      throw new Failure(
        `${name} is not what the sources say; if the change is meant, write it with: npm run api`,
      );
    }
  }
});
