// Builds the browser pages: examples/<name>/page/ becomes build/pages/<name>/.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/** The names of the examples that have a page. */
export function pageNames() {
  const examples = join(root, "examples");
  if (!existsSync(examples)) return [];
  return readdirSync(examples)
    .toSorted()
    .filter((name) => existsSync(join(examples, name, "page", "index.html")));
}

export async function buildPage(name) {
  const { build } = await import("vite");
  await build({
    configFile: false,
    root: join(root, "examples", name, "page"),
    // Relative links, so that a page works under any path.
    base: "./",
    logLevel: "warn",
    build: {
      outDir: join(root, "build", "pages", name),
      emptyOutDir: true,
      sourcemap: true,
      target: "es2022",
    },
  });
}
