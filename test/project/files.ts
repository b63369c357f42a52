import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What is installed or built, and git's own: not part of the repository's files. */
const NOT_OURS = new Set(["node_modules", "dist", "build", "coverage", ".git", ".cache"]);

/** The paths of all files below a folder, from the repository's root, with forward slashes. */
export function filesBelow(folder: string): string[] {
  return readdirSync(root + folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

export function readText(path: string): string {
  return readFileSync(root + path, "utf8");
}
