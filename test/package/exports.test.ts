/** What the package exports: the list in docs/exports.txt and the pages of docs/api, both made by `npm run api`. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { filesBelow, readText } from "../project/files.js";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const { exports: paths } = JSON.parse(readText("package.json")) as {
  exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
};
const entries = Object.entries(paths).filter(([, target]) => typeof target === "object");

/** The exports of an entry point in docs/exports.txt: kind and name. */
function listed(entry: string): { kind: string; name: string }[] {
  const part = readText("docs/exports.txt")
    .split("\n\n")
    .find((text) => text.startsWith(`${entry}\n`));
  return [...(part ?? "").matchAll(/^ {2}(\w+) (\w+)$/gm)].map(([, kind = "", name = ""]) => ({
    kind,
    name,
  }));
}

test("the public surface is what docs/exports.txt and docs/api say; a change that is meant: npm run api", async () => {
  const { stderr } = await run(process.execPath, [join(ROOT, "scripts/api.mjs"), "--check"], { cwd: ROOT });
  expect(stderr).toBe("");
});

describe.each(entries.map(([path, target]) => [path.replace(/^\./, "tidemark"), target] as const))(
  "%s",
  (entry, target) => {
    test("exports at run time just the functions, classes and constants that are listed", async () => {
      const { default: file } = target as { default: string };
      const module = (await import(join(ROOT, file))) as object;
      const values = listed(entry).filter(({ kind }) => ["function", "class", "const"].includes(kind));
      expect(values.map(({ name }) => name).sort()).toEqual(Object.keys(module).sort());
    });

    test("has each of them on its page of docs/api, with what it is for", () => {
      const page = filesBelow("docs/api")
        .map(readText)
        .find((text) => text.startsWith(`# ${entry}\n`));
      const names = listed(entry).map(({ name }) => name);
      expect(names.length).toBeGreaterThan(0);
      const headings = [...(page ?? "").matchAll(/^## (\w+)\n\n(.{1,3})/gm)];
      expect(headings.map(([, name]) => name).sort()).toEqual([...new Set(names)].sort());
      // The first thing below a heading is words.
      expect(headings.filter(([, , first]) => first === "```").map(([, name]) => name)).toEqual([]);
    });
  },
);
