/** Code blocks that are neither TypeScript (code-blocks.test.ts) nor the protocol's examples (protocol.test.ts). */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { filesBelow, readText } from "../project/files.js";
import { fencesOf } from "./examples.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const pages = filesBelow("").filter((path) => path.endsWith(".md"));
const fences = pages.flatMap((page) =>
  fencesOf(readText(page)).map((fence) => ({
    ...fence,
    where: `${page}:${fence.line}`,
    kind: /^\w*/.exec(fence.info)?.[0] ?? "",
    text: fence.lines.join("\n"),
  })),
);
const shell = fences.filter(({ kind }) => kind === "sh");

/** What is done with each kind of block. What has none is output, or a drawing, and is read by nobody but people. */
const CHECKED_BY: Readonly<Record<string, string>> = {
  ts: "code-blocks.test.ts",
  tsx: "code-blocks.test.ts",
  tidemark: "protocol.test.ts",
  sh: "here",
  json: "here",
  nginx: "proxies.test.ts",
  haproxy: "proxies.test.ts",
  yaml: "nobody: it takes a cluster",
  text: "nobody",
  "": "nobody",
};

test("every block is of a kind that something checks", () => {
  expect(fences.filter(({ kind }) => !Object.hasOwn(CHECKED_BY, kind)).map(({ where }) => where)).toEqual([]);
});

test("blocks of JSON are JSON", () => {
  const json = fences.filter(({ kind }) => kind === "json");
  expect(json.length).toBeGreaterThan(0);
  for (const { where, text } of json) expect(() => JSON.parse(text) as unknown, where).not.toThrow();
});

describe("shell blocks", () => {
  test("are understood by the shell", () => {
    expect(shell.length).toBeGreaterThan(5);
    for (const { where, text } of shell) {
      expect(() => execFileSync("bash", ["-n"], { input: text, stdio: "pipe" }), where).not.toThrow();
    }
  });

  test("run npm scripts that there are, on files that there are", () => {
    const { scripts } = JSON.parse(readText("package.json")) as { scripts: Readonly<Record<string, string>> };
    for (const { where, text } of shell) {
      for (const [, name = ""] of text.matchAll(/\bnpm run ([\w:-]+)/g))
        expect([where, Object.keys(scripts)]).toEqual([where, expect.arrayContaining([name])]);
      for (const [, path = ""] of text.matchAll(/(?<![\w/])((?:test|bench|src|examples)\/[\w./-]+)/g)) {
        expect([where, path, existsSync(ROOT + path)]).toEqual([where, path, true]);
      }
    }
  });

  test("use commands and options of tidemark that its help names", () => {
    const help = execFileSync(process.execPath, [`${ROOT}dist/cli/main.js`, "help"], { encoding: "utf8" });
    const commands = [...help.matchAll(/^ {2}tidemark (\w+)/gm)].map(([, name]) => name);
    let found = 0;
    for (const { where, text } of shell) {
      for (const [line, name] of text.matchAll(/\btidemark (\w+).*/g)) {
        found++;
        expect([where, commands]).toEqual([where, expect.arrayContaining([name])]);
        for (const [option] of (line.split("#")[0] ?? "").matchAll(/(?<= )--[\w-]+/g)) {
          expect([where, option, help.includes(option)]).toEqual([where, option, true]);
        }
      }
    }
    expect(found).toBeGreaterThan(5);
  });
});

test("commands within sentences are such, too", () => {
  const help = execFileSync(process.execPath, [`${ROOT}dist/cli/main.js`, "help"], { encoding: "utf8" });
  const { scripts } = JSON.parse(readText("package.json")) as { scripts: Readonly<Record<string, string>> };
  for (const page of pages) {
    for (const [, name = ""] of readText(page).matchAll(/`npm run ([\w:-]+)/g)) {
      expect([page, name, Object.hasOwn(scripts, name)]).toEqual([page, name, true]);
    }
    for (const [, name = ""] of readText(page).matchAll(/`(?:npx )?tidemark (\w+)/g)) {
      expect([page, help.includes(`tidemark ${name}`)]).toEqual([page, true]);
    }
  }
});
