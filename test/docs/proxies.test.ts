/** The configuration of proxies in docs/scaling.md is what these proxies take. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { readText } from "../project/files.js";

const run = promisify(execFile);
const missing = (process.env["TIDEMARK_MISSING"] ?? "").split(",");

function blockIn(folder: string, kind: string, name: string): string {
  const text = readText("docs/scaling.md");
  const block = new RegExp(`^\`\`\`${kind} file=${name}\n([^]*?)^\`\`\`$`, "m").exec(text)?.[1];
  expect(block).toBeDefined();
  const file = join(folder, name);
  writeFileSync(file, block ?? "");
  return file;
}

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-proxies-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test.skipIf(missing.includes("nginx"))("nginx takes its example", async () => {
  const folder = freshFolder();
  const file = blockIn(folder, "nginx", "nginx.conf");
  const { stderr } = await run("nginx", ["-t", "-p", folder, "-c", file, "-g", `pid ${folder}/pid;`]);
  expect(stderr).toContain("test is successful");
});

test.skipIf(missing.includes("haproxy"))("HAProxy takes its example", async () => {
  const file = blockIn(freshFolder(), "haproxy", "haproxy.cfg");
  const { stdout, stderr } = await run("haproxy", ["-c", "-f", file]);
  expect(stdout + stderr).toContain("Configuration file is valid");
});
