// Builds, if something that goes into the build has changed since the last one.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure, root, run } from "./run.mjs";
import { fingerprint, readStamp } from "./stamp.mjs";

export const BUILD_STAMP = "build/.stamp";

/** What the build depends on, as one hash. */
export const buildInputs = () =>
  fingerprint([
    "src",
    "examples",
    "bench",
    "sim",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.apps.json",
    "scripts/build.mjs",
    "scripts/lib/pages.mjs",
  ]);

export async function ensureBuilt() {
  if (existsSync(join(root, "dist")) && readStamp(BUILD_STAMP) === buildInputs()) return;
  // A process of its own, so that no compiler stays in the memory of the one that serves.
  const code = await run(process.execPath, [join(root, "scripts/build.mjs")]);
  if (code !== 0) throw new Failure("the build failed, see above. Fix it, then run the same command again.");
}
