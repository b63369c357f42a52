// npm run build: the library into dist/, the examples and benchmarks into build/, their pages into build/pages/.
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BUILD_STAMP, buildInputs } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { buildPage, pageNames } from "./lib/pages.mjs";
import { Failure, main, root, run, tool } from "./lib/run.mjs";
import { writeStamp } from "./lib/stamp.mjs";

await main("npm run build", async () => {
  await ensureInstalled();
  const inputs = buildInputs();
  for (const folder of ["dist", "build"]) rmSync(join(root, folder), { recursive: true, force: true });

  if (hasTypeScript("src")) {
    console.log("Building the library…");
    await compile("tsconfig.json");
    copyOtherFiles();
  }
  if (hasTypeScript("examples") || hasTypeScript("bench")) {
    console.log("Building the examples and benchmarks…");
    await compile("tsconfig.apps.json");
  }
  for (const name of pageNames()) {
    console.log(`Building the page of ${name}…`);
    await buildPage(name);
  }
  writeStamp(BUILD_STAMP, inputs);
});

async function compile(config) {
  const code = await run(tool("tsc"), ["-p", config]);
  if (code !== 0) throw new Failure(`the compiler found errors, see above (repeat: npx tsc -p ${config})`);
}

/** What the compiler leaves behind (scripts of a data store, HTML) goes beside the code that reads it. */
function copyOtherFiles() {
  const isOther = (path) => !path.endsWith(".ts");
  cpSync(join(root, "src"), join(root, "dist"), { recursive: true, filter: isOther });
}

/** Whether a folder holds TypeScript outside of pages: the compiler takes "nothing to do" for an error. */
function hasTypeScript(folder) {
  const full = join(root, folder);
  if (!existsSync(full)) return false;
  return readdirSync(full, { withFileTypes: true }).some((entry) =>
    entry.isDirectory()
      ? !["page", "node_modules"].includes(entry.name) && hasTypeScript(join(folder, entry.name))
      : entry.name.endsWith(".ts"),
  );
}
