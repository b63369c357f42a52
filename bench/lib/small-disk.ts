import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of its own in memory, which can be filled and emptied. */
export interface SmallDisk {
  readonly dir: string;
  /** Leaves no room at all. */
  fill(): void;
  empty(): void;
  remove(): void;
}

/** Mounts one of so many KiB; `undefined` where that is not allowed. */
export function smallDisk(kib: number): SmallDisk | undefined {
  const dir = mkdtempSync(join(tmpdir(), "tidemark-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k`, "tmpfs", dir], { stdio: "pipe" });
  } catch {
    rmdirSync(dir);
    return undefined;
  }
  const filler = join(dir, "filler");
  return {
    dir,
    fill() {
      const file = openSync(filler, "a");
      const bytes = Buffer.alloc(4096);
      try {
        for (;;) writeSync(file, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      // Lazily, should somebody have it open still.
      execFileSync("umount", ["-l", dir]);
      rmdirSync(dir);
    },
  };
}
