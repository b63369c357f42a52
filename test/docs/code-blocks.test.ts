/**
 * Every ts and tsx block of README and docs compiles against the sources; not one that says `fragment`, or begins with a
 * dot. One that says `with=other.ts` has all exports of that block.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { filesBelow, readText } from "../project/files.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

interface Block {
  readonly page: string;
  readonly line: number;
  /** What the block calls itself, by `file=` or in a comment on its first line; others of its page, or of the guide, import it by that name. */
  readonly file: string;
  readonly code: string;
}

const pages = ["README.md", ...filesBelow("docs").filter((path) => path.endsWith(".md"))];
const blocks = pages.flatMap(blocksOf);

function blocksOf(page: string): Block[] {
  const text = readText(page);
  return [...text.matchAll(/^```(tsx?)\b(.*)\n([^]*?)^```$/gm)].flatMap(
    ({ 1: kind, 2: info = "", 3: code = "", index }) => {
      if (/\bfragment\b/.test(info) || code.startsWith(".")) return [];
      const line = text.slice(0, index).split("\n").length;
      const file = /\bfile=(\S+)/.exec(info)?.[1] ?? /^\/\/ (\S+\.tsx?)\n/.exec(code)?.[1];
      const before = /\bwith=(\S+)/.exec(info)?.[1];
      const preamble = before === undefined ? "" : importOf(text, before);
      return [{ page, line, file: file ?? `line-${line}.${kind}`, code: preamble + code }];
    },
  );
}

/** Imports all that a named block of the page exports, on the line that follows. */
function importOf(text: string, file: string): string {
  const code = new RegExp(`^\`\`\`tsx? file=${file.replace(".", "\\.")}\\n([^]*?)^\`\`\`$`, "m").exec(
    text,
  )?.[1];
  if (code === undefined) throw new Error(`there is no block ${file}`);
  const names = [...code.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
  return `import { ${names.join(", ")} } from "./${file.replace(/\.tsx?$/, ".js")}"; `;
}

/** Where a block goes: pages of the guide are about one app, and import from each other. */
function folderOf(page: string): string {
  return page.startsWith("docs/guide/") ? "guide" : page.replace(/\.md$/, "").replaceAll("/", "-");
}

test("there are blocks to compile, each under a name of its own", () => {
  expect(blocks.length).toBeGreaterThan(20);
  const names = blocks.map(({ page, file }) => `${folderOf(page)}/${file}`);
  const named = names.filter((name) => !name.includes("/line-"));
  expect(named.filter((name, index) => named.indexOf(name) !== index)).toEqual([]);
});

test("every code block compiles", async () => {
  // Below the root, so that packages are found; where nothing of the repository is looked for.
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "build/code-blocks-"));
  try {
    const places = new Map<string, Block>();
    for (const block of blocks) {
      const name = block.file.startsWith("line-")
        ? `${block.page.replaceAll(/[./]/g, "-")}-${block.file}`
        : block.file;
      const path = join(folder, folderOf(block.page), name);
      mkdirSync(dirname(path), { recursive: true });
      // As many lines as before, so that errors say which.
      writeFileSync(path, `${block.code.trimEnd()}\nexport {};\n`);
      places.set(`${folderOf(block.page)}/${name}`, block);
    }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    const faults = stdout
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) =>
        line.replace(/^(\S+?)\((\d+),/, (whole, path: string, at: string) => {
          const block = places.get(path);
          return block === undefined ? whole : `${block.page}:${block.line + Number(at)} (`;
        }),
      );
    expect(faults).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

const config = {
  extends: "../../tsconfig.check.json",
  compilerOptions: {
    rootDir: "../..",
    noUnusedLocals: false,
    noUnusedParameters: false,
    // What an application has, rather than what we ask of ourselves.
    exactOptionalPropertyTypes: false,
    noPropertyAccessFromIndexSignature: false,
    paths: {
      tidemark: ["../../src/server/index.ts"],
      "tidemark/state": ["../../src/client/state/index.ts"],
      "tidemark/room/client": ["../../src/client/room/index.ts"],
      "tidemark/*": ["../../src/*/index.ts"],
    },
  },
  include: ["."],
  exclude: [],
};
