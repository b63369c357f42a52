/** Another state of this repository, built in a temporary folder. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Checkout {
  /** The commit, short, as people say it. */
  readonly commit: string;
  /** Where its compiled programs are, as the base of a URL: what `build/bench/` is here. */
  readonly programs: string;
  remove(): void;
}

/** This checkout, as it was built. */
export const HERE = new URL("../", import.meta.url).href;

/**
 * Unpacks and builds a commit. Its packages are this checkout's own where both ask for the same ones.
 *
 * @throws {Error} when there is no such commit, or it does not build
 */
export function checkOut(ref: string): Checkout {
  const commit = run("git", ["rev-parse", "--verify", "--short", `${ref}^{commit}`], ROOT).trim();
  const folder = mkdtempSync(join(tmpdir(), "tidemark-compare-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const tar = join(folder, "sources.tar");
    run("git", ["archive", "--format=tar", `--output=${tar}`, commit], ROOT);
    run("tar", ["-xf", tar, "-C", folder], ROOT);
    rmSync(tar);
    installIn(folder);
    const tsc = join(folder, "node_modules/.bin/tsc");
    run(tsc, ["-p", "tsconfig.json"], folder);
    const isOther = (path: string): boolean => !path.endsWith(".ts");
    cpSync(join(folder, "src"), join(folder, "dist"), { recursive: true, filter: isOther });
    run(tsc, ["-p", "tsconfig.apps.json"], folder);
  } catch (error) {
    remove();
    throw error;
  }
  return { commit, programs: pathToFileURL(join(folder, "build/bench/")).href, remove };
}

function installIn(folder: string): void {
  const lock = (at: string): string => readFileSync(join(at, "package-lock.json"), "utf8");
  // Links cost neither time nor room; a package manager replaces files, so neither side can change the other's.
  if (lock(folder) === lock(ROOT))
    run("cp", ["-al", join(ROOT, "node_modules"), join(folder, "node_modules")], ROOT);
  else run("npm", ["install", "--workspaces=false", "--include=dev", "--no-audit", "--no-fund"], folder);
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
}
