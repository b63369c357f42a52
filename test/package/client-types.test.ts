import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("N66: a project with the types of neither a page nor Node compiles with the client's", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-types-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const client = join(ROOT, "dist/client/index.js");
  writeFileSync(
    join(folder, "page.ts"),
    `import { connect } from ${JSON.stringify(client)};
     export const clients = [connect("wss://example.com/connect"), connect({ href: "wss://example.com/connect" })];`,
  );
  const flags = "--noEmit --strict --target es2022 --module nodenext --lib es2023 --types".split(" ");
  let said = "";
  try {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    execFileSync(process.execPath, [tsc, ...flags, "", join(folder, "page.ts")], {
      encoding: "utf8",
      cwd: folder,
    });
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  expect(said).toBe("");
});
