import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

type Target = string | { node?: string; default: string };
const { exports } = JSON.parse(readFileSync(here("package.json"), "utf8")) as {
  exports: Record<string, Target>;
};

// Tests import "tidemark/…" as users do, and get the sources: every export of package.json, as Node would
// choose it, with src/ for dist/.
const alias = Object.entries(exports).flatMap(([name, target]) => {
  if (typeof target === "string") return [];
  const built = target.node ?? target.default;
  const source = built.replace("./dist/", "src/").replace(/\.js$/, ".ts");
  return { find: new RegExp(`^tidemark${name.slice(1)}$`), replacement: here(source) };
});

export default defineConfig({
  resolve: { alias },
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    retry: 0,
    pool: "forks",
    maxWorkers: 2,
    reporters: ["default", here("scripts/lib/plain-line-reporter.mjs")],
  },
});
