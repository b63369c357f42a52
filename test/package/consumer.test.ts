/** What somebody who installs the package gets: README's server and client, compiled and run from the packed tarball. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    types: ["node"],
    outDir: "out",
    rootDir: ".",
  },
  include: ["*.ts"],
};

/** README's code blocks that say which file they are. */
function readmeFiles(): Map<string, string> {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  return new Map(
    [...readme.matchAll(/```ts file=(\S+)\n([\s\S]*?)```/g)].map(([, file = "", code = ""]) => [file, code]),
  );
}

describe("a project that installs the packed package", () => {
  let folder: string;
  let tarball: string;
  let server: ChildProcess | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tidemark-consumer-"));
    const { stdout } = await run(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      { cwd: ROOT },
    );
    const packed = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
    tarball = join(folder, Object.values(packed)[0]?.filename ?? "");
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "consumer", private: true, type: "module" }),
    );
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    for (const [file, code] of readmeFiles()) writeFileSync(join(folder, file), code);
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    const tools = ["typescript", "zod", "@types/node"].map((name) => `${name}@${devDependencies[name]}`);
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...tools], {
      cwd: folder,
    });
  }, 120_000);

  afterAll(() => {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("compiles README's server and client under strict, and runs them", async () => {
    const compiled = await run("npx", ["--no-install", "tsc", "-p", "."], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(compiled.stdout).toBe("");
    const started = spawn(process.execPath, ["out/main.js"], {
      cwd: folder,
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = started;
    const [line] = (await once(started.stdout, "data")) as [Buffer];
    const url = `${line.toString().trim().replace("listening at http", "ws")}/connect`;
    const { stdout } = await run(process.execPath, ["out/client.js"], {
      cwd: folder,
      env: { ...process.env, URL: url },
    });
    expect(stdout).toContain("server the server says hi");
    expect(stdout).toMatch(/published at \d+ sum 6/);
  }, 60_000);

  it("can require() the client", async () => {
    const code = 'const { connect } = require("tidemark/client"); console.log(typeof connect)';
    writeFileSync(join(folder, "old.cjs"), code);
    const { stdout } = await run(process.execPath, ["--no-warnings", "old.cjs"], { cwd: folder });
    expect(stdout.trim()).toBe("function");
  });

  it("has the license and the server in the package, and neither tests nor examples", async () => {
    const { stdout } = await run("tar", ["-tzf", tarball]);
    const files = stdout.trim().split("\n");
    expect(files).toEqual(
      expect.arrayContaining([
        "package/LICENSE",
        "package/dist/server/index.js",
        "package/dist/client/index.js",
      ]),
    );
    expect(files.filter((file) => /\/(test|examples|bench)\//.test(file))).toEqual([]);
  });
});
