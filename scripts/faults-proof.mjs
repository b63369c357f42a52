// npm run faults:proof [-- A1 F2]: that the tests of faults that were mended find them. Each row of test/faults/rows.json names
// tests. As they stood when the mend was made (`mended`) they are laid over the sources of the commit before it (`before`),
// where each must fail; as they stand today they run on today's sources, where each must pass. Sources that have moved since
// would make any test fail over old ones, and prove nothing.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt } from "./lib/ensure-built.mjs";
import { ensureInstalled } from "./lib/install.mjs";
import { Failure, main, root } from "./lib/run.mjs";
import { ensureSystemPackages } from "./lib/system-packages.mjs";

const ROWS = "test/faults/rows.json";

await main("npm run faults:proof", async () => {
  const { before: commit, mended, rows } = JSON.parse(readFileSync(join(root, ROWS), "utf8"));
  const { rows: then } = JSON.parse(must("git", ["show", `${mended}:${ROWS}`], root));
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !(name in rows));
  if (unknown.length > 0)
    throw new Failure(`there is no row ${unknown.join(", ")}; there are ${Object.keys(rows).join(", ")}`);
  const names = chosen.length > 0 ? chosen : Object.keys(rows);
  await ensureInstalled();
  const missing = await ensureSystemPackages();
  await ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), "tidemark-proof-"));
  try {
    console.log(`unpacking and building ${commit}, with the tests of ${mended}…`);
    unpack(commit, mended, folder);
    const testsOf = (list) => names.flatMap((name) => list[name].tests);
    const there = outcomes(folder, testsOf(then), missing);
    const here = outcomes(root, testsOf(rows), missing);
    let failures = 0;
    for (const name of names) {
      const { fault, tests: its } = rows[name];
      console.log(`\n${name}: ${fault}`);
      for (const test of its) {
        const [before, now] = [there(asItWas(then[name].tests, test)), here(test)];
        const proven = before.status === "failed" && now.status === "passed";
        const skipped = now.status === "skipped";
        if (!proven && !skipped) failures++;
        console.log(
          `  ${proven ? "proven" : skipped ? "SKIPPED" : "NOT PROVEN"}  ${test.file}: ${test.name}`,
        );
        console.log(`    before: ${before.status}${before.why}`);
        if (!proven) console.log(`    now: ${now.status}${now.why}`);
      }
    }
    console.log(
      `\n${failures === 0 ? "each of them failed before and passes now" : `${failures} not proven`}`,
    );
    return failures === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The same test before files were split or moved. */
function asItWas(tests, { name }) {
  const found = tests.find((test) => test.name === name);
  if (found === undefined) throw new Failure(`there was no test ${JSON.stringify(name)} when it was mended`);
  return found;
}

function unpack(commit, mended, folder) {
  const tar = join(folder, "sources.tar");
  must("git", ["archive", "--format=tar", `--output=${tar}`, commit], root);
  must("tar", ["-xf", tar, "-C", folder], root);
  rmSync(tar);
  rmSync(join(folder, "test"), { recursive: true });
  must("git", ["archive", "--format=tar", `--output=${tar}`, mended, "test"], root);
  must("tar", ["-xf", tar, "-C", folder], root);
  rmSync(tar);
  // The tests' own packages, which may be newer than those of the commit.
  must("cp", ["-al", join(root, "node_modules"), join(folder, "node_modules")], root);
  must("cp", [join(root, "package-lock.json"), join(folder, "package-lock.json")], root);
  rmSync(join(folder, "node_modules/.tidemark-install"), { force: true });
  const tsc = join(folder, "node_modules/.bin/tsc");
  must(tsc, ["-p", "tsconfig.json"], folder);
  cpSync(join(folder, "src"), join(folder, "dist"), {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
  must(tsc, ["-p", "tsconfig.apps.json"], folder);
}

/** Runs tests in a folder, each file once; returns what became of each, by the runner's own report. */
function outcomes(folder, tests, missing) {
  const reports = new Map();
  for (const file of new Set(tests.map((test) => test.file))) {
    const names = tests.filter((test) => test.file === file).map(({ name }) => escape(name));
    reports.set(file, report(folder, file, names.join("|"), missing));
  }
  return ({ file, name }) => {
    const { result, output } = reports.get(file);
    if (result === undefined) return { status: "no report", why: why(output) };
    const ran = result.assertionResults.filter(
      ({ fullName, status }) => fullName.includes(name) && (status === "passed" || status === "failed"),
    );
    const failed = ran.find(({ status }) => status === "failed");
    if (failed !== undefined) return { status: "failed", why: why(failed.failureMessages[0]) };
    if (ran.length > 0) return { status: "passed", why: "" };
    // A file that does not load there needs something that was not there.
    if (result.status === "failed") return { status: "failed", why: why(`does not load: ${result.message}`) };
    return { status: "skipped", why: " (no test of that name ran)" };
  };
}

function report(folder, file, pattern, missing) {
  const path = join(tmpdir(), `tidemark-proof-${process.pid}.json`);
  const args = ["run", file, "-t", pattern, "--reporter=json", `--outputFile=${path}`];
  const env = { ...process.env, NODE_ENV: "test", TIDEMARK_MISSING: missing.join(",") };
  const { stdout, stderr } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...args], {
    cwd: folder,
    encoding: "utf8",
    env,
  });
  try {
    return { result: JSON.parse(readFileSync(path, "utf8")).testResults[0], output: stdout + stderr };
  } catch {
    return { result: undefined, output: stdout + stderr };
  } finally {
    rmSync(path, { force: true });
  }
}

function escape(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function why(message = "") {
  return `, ${message.split("\n").slice(0, 2).join(" ").slice(0, 200)}`;
}

function must(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0)
    throw new Failure(`${command} ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}
