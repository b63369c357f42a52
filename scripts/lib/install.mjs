// Installs the npm packages, if what is installed is not what package.json and the lock file ask for.
import { Failure, run } from "./run.mjs";
import { fingerprint, readStamp, removeStamp, writeStamp } from "./stamp.mjs";

const STAMP = "node_modules/.tidemark-install";
// Development packages too, whatever NODE_ENV says: without them there is no compiler.
const OPTIONS = ["--include=dev", "--no-audit", "--no-fund"];

export async function ensureInstalled() {
  checkNode();
  if (readStamp(STAMP) === wanted()) return;
  console.log("Installing npm packages…");
  removeStamp(STAMP);
  // Not `npm ci`: it insists on a lock file that lists the binaries of every platform.
  const code = await run("npm", ["install", ...OPTIONS]);
  if (code !== 0) {
    throw new Failure(
      "npm could not install the packages (its own message is above).\n" +
        "If the network was away, run the command again. If it fails again, delete node_modules and retry.",
    );
  }
  // Computed anew: npm may have written the lock file.
  writeStamp(STAMP, wanted());
}

const wanted = () =>
  fingerprint(
    ["package.json", "package-lock.json", "bench/package.json"],
    process.version,
    process.platform,
    process.arch,
  );

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Failure(`Tidemark needs Node.js 20.19 or later; this is ${process.version}.`);
}
