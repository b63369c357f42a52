/** What the figures were measured on. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { DOCS } from "./docs.js";

/** Lines of a list; `binding` says how processes share the cores. */
export function machine(binding: string): string[] {
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB; ${binding}`,
    `Linux ${release()}, Node.js ${process.version}`,
    `${commit()}, ${new Date().toISOString().slice(0, 10)}`,
  ];
}

function commit(): string {
  const { version } = JSON.parse(readFileSync(join(DOCS, "../package.json"), "utf8")) as { version: string };
  const { stdout } = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: DOCS, encoding: "utf8" });
  return `Tidemark ${version}${stdout ? ` at ${stdout.trim()}` : ""}`;
}
