// npm run api: writes docs/api/ and docs/exports.txt, out of the declarations that the compiler made.
// npm run api -- --check only says whether they are as they would be written.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiPages, exportsList } from "./lib/api/pages.mjs";
import { entryPoints } from "./lib/api/entry-points.mjs";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root } from "./lib/run.mjs";

const PAGES = "docs/api";

await main("npm run api", async () => {
  await ensureInstalled();
  await ensureBuilt();
  const entries = entryPoints();
  const files = new Map([["docs/exports.txt", exportsList(entries)]]);
  for (const [name, text] of apiPages(entries)) files.set(`${PAGES}/${name}`, text);
  if (process.argv.includes("--check")) check(files);
  else write(files);
});

function write(files) {
  mkdirSync(join(root, PAGES), { recursive: true });
  for (const name of pagesNotIn(files)) rmSync(join(root, name));
  for (const [name, text] of files) writeFileSync(join(root, name), text);
}

function check(files) {
  for (const name of pagesNotIn(files)) fail(name);
  for (const [name, text] of files) if (readFileSync(join(root, name), "utf8") !== text) fail(name);
}

/** What is left of an entry point that has gone. */
function pagesNotIn(files) {
  return readdirSync(join(root, PAGES))
    .map((name) => `${PAGES}/${name}`)
    .filter((name) => !files.has(name));
}

function fail(name) {
  throw new Failure(
    `${name} is not what the sources say; if the change is meant, write it with: npm run api`,
  );
}
