// A stamp is a small file that says which inputs a step last succeeded with.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./run.mjs";

/** One hash over the given files and folders (missing ones count as such) and some more words. */
export function fingerprint(paths, ...words) {
  const hash = createHash("sha256").update(JSON.stringify(words));
  for (const path of paths.flatMap(filesIn)) {
    hash.update(`\n${path}\n`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

/** All files below a path, in a fixed order; the path itself if it is a file. */
function filesIn(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .toSorted()
    .filter((name) => name !== "node_modules")
    .flatMap((name) => filesIn(`${path}/${name}`));
}

export function readStamp(path) {
  const full = join(root, path);
  return existsSync(full) ? readFileSync(full, "utf8") : undefined;
}

export function writeStamp(path, value) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), value);
}

export function removeStamp(path) {
  rmSync(join(root, path), { force: true });
}
