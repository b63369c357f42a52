// Installs the npm packages, if what is installed is not what package.json and the lock file ask for.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, root, run } from "./run.mjs";
import { fingerprint, readStamp, removeStamp, writeStamp } from "./stamp.mjs";

const STAMP = "node_modules/.tidemark-install";
const BENCH_STAMP = "node_modules/.tidemark-bench-install";
const NEXT_STAMP = "node_modules/.tidemark-next-install";
// Development packages too, whatever NODE_ENV says: without them there is no compiler.
const OPTIONS = ["--include=dev", "--no-audit", "--no-fund"];

export async function ensureInstalled() {
  checkNode();
  // Without the workspaces: the servers that bench/ compares with are 260 MB that nothing else needs.
  await ensure(STAMP, "Installing npm packages…", ["--workspaces=false"]);
}

/** The packages of bench/ too. */
export async function ensureBenchInstalled() {
  if (!existsSync(join(root, "node_modules/uwebsockets"))) removeStamp(BENCH_STAMP);
  await ensure(BENCH_STAMP, "Installing the servers to compare with…", [
    "--workspace=bench",
    "--include-workspace-root",
  ]);
}

/** Next, for the example with it. */
export async function ensureNextInstalled() {
  if (!existsSync(join(root, "node_modules/next"))) removeStamp(NEXT_STAMP);
  await ensure(NEXT_STAMP, "Installing Next…", [
    "--workspace=test/frameworks/next",
    "--include-workspace-root",
  ]);
}

async function ensure(stamp, message, which) {
  if (readStamp(stamp) === wanted()) return;
  console.log(message);
  removeStamp(stamp);
  // Not `npm ci`: it insists on a lock file that lists the binaries of every platform.
  const code = await run("npm", ["install", ...which, ...OPTIONS]);
  if (code !== 0) {
    throw new Failure(
      "npm could not install the packages (its own message is above).\n" +
        "If the network was away, run the command again. If it fails again, delete node_modules and retry.",
    );
  }
  // Computed anew: npm may have written the lock file.
  writeStamp(stamp, wanted());
}

const wanted = () =>
  fingerprint(
    ["package.json", "package-lock.json", "bench/package.json", "test/frameworks/next/package.json"],
    process.version,
    process.platform,
    process.arch,
  );

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Failure(`Tidemark needs Node.js 20.19 or later; this is ${process.version}.`);
}
